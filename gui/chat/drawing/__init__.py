"""Segments laid out in Qt's text layouts, and painted. Knows no items and no scrolling."""
