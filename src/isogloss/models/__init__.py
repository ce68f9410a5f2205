"""Models: a box of the architecture drawing is a file."""
