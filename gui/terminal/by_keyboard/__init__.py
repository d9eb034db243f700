"""Modes for using a terminal's text without the mouse: selecting with a caret, and opening links by letters.

While a mode is on, it gets all keys except the window's, the program gets none, and the view does not scroll when
output arrives. This package must not know hosts, sockets or the window.
"""
