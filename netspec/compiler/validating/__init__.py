"""Nodes → a document that holds: the form of a spec, before any value is known."""
