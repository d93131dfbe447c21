"""The trainer: a checked network and its recipe → the folder of a run. Imports torch."""
