"""Draws and caches pictures of single cells, by geometry or by the font."""
