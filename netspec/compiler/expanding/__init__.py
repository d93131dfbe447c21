"""A document → the tree of layers: blocks and loops written out, shapes inferred."""
