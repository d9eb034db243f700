"""``outlive attach``: shows a chat in this terminal."""
