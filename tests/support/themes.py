"""Outlive's own themes."""

from __future__ import annotations

from gui.settings.theme_files import DEFAULT, Library

OWN = Library().pair(DEFAULT)
DARK, LIGHT = OWN.dark, OWN.light
DARK_TERMINAL, LIGHT_TERMINAL = DARK.terminal, LIGHT.terminal
