"""Draws and caches pictures of single cells.

glyphs         wide characters, emoji, lines, braille
box_drawing    box drawing and block elements by geometry
legacy_shapes  sextants, wedges, triangles and eighths by geometry
powerline      signs and separators of status lines by geometry
symbols        braille, and characters that fonts lack
"""
