"""The chat in a terminal: ``outlive new endpoint``."""
