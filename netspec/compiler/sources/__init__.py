"""Files: what a spec extends, what is set over it, how it is written out again."""
