"""Themes in files: those of ``resources/themes``, the user's own, and those of other terminals.

It must not know widgets; the colours that a file leaves out come from ``gui.theme.derive``.
"""
