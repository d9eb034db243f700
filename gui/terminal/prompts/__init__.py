"""A shell's prompts and an agent's turns in a terminal: navigation, their output, their marks in the margin.

This package must not know hosts, tabs or settings.
"""
