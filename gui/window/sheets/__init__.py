"""Sheets over the window or over one page; at most one is open."""
