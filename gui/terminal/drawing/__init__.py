"""Draws the terminal, without a widget: which rows, when, and how."""
