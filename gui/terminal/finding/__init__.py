"""The text of a terminal as lines to search, and marked rows.

This package must not know widgets.
"""
