"""Checks of the rules for the code."""
