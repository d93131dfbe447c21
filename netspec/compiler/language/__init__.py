"""The grammar: schema, names, expressions, the document as data. It reads no file."""
