"""Modes for using a terminal's text without the mouse: selecting with a caret, and opening links by letters.

While a mode is on, it gets all keys except the window's, the program gets none, and the view does not scroll when
output arrives. This package must not know hosts, sockets or the window.

modes        the modes of one view: which one is on, its keys and its line
mode         what both modes have in common
selecting    the mode that moves a caret and selects
motions      the caret's motions in a text; pure
key_names    names of key events, and the commands of the selecting mode's keys
grid_text    an emulator's rows as the text of motions
hints        the mode that shows letters on links, paths and hashes
targets      the links, paths and hashes in the visible lines
labels       letters for a number of targets; pure
held_view    keeps the view's scroll position while output arrives, and numbers its rows
mode_line    the line that names the mode and its keys
"""
