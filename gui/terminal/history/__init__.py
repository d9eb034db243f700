"""The history of a terminal: the view's scroll position, and ways to change it."""
