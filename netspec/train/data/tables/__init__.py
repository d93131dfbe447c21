"""Tables of texts, token ids and numbers: a row a sample, a column an input of the network."""
