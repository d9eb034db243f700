"""Converts the user's input in the terminal widget to typed calls of its sink."""
