"""Reads what other programs offer for pasting; the window never waits for them.

Qt asks the program that holds the clipboard and waits for the answer, up to 5 s for each format. On X11 this package
asks over a connection of its own, and the answer arrives as an event. Each read has a connection, so that a late answer
is never taken for another one's; keys typed meanwhile follow the paste.
"""
