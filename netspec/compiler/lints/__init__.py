"""The lints: one habit a file, each a function from the flow of a network to its warnings."""
