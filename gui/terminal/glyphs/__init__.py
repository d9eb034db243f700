"""Draws and caches pictures of single cells.

glyphs         wide characters, emoji, lines, braille
glyph_atlas    ASCII characters, copied by numpy
cell_colors    the look of the pictures of one alphabet
grid_area      the area of a grid of cells in a picture
overhang       pixels of glyphs in their neighbours' cells
atlas_import   imports the atlas once it is needed
box_drawing    box drawing, block elements and scan lines by geometry
legacy_shapes  sextants, octants, wedges, triangles, shades, diagonals and parts of circles by geometry
powerline      signs and separators of status lines by geometry
right_to_left  Arabic, joined, and Hebrew: stretches of text in visual order
symbols        braille, and characters that fonts lack
"""
