"""A conversation with a model: its values and its file."""
