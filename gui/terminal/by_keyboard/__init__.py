"""Acts on a terminal's text without the mouse: selects with a caret, and opens what stands there by letters.

Both are modes of the view: while one is on, it gets all keys that are not the window's, the program gets none, and the
view stays at its place while output arrives. This package must not know hosts, sockets or the window.

modes        the modes of one view: which is on, its keys and its line
selecting    the mode that moves a caret and selects
motions      where a motion leads in a text; pure
key_names    names of key events, and the commands of the selecting mode's keys
grid_text    an emulator's rows as the text of motions
hints        the mode that shows letters on links, paths and hashes
targets      the links, paths and hashes in the visible lines
labels       letters for a number of targets; pure
held_view    keeps the view at its place, and numbers its rows
mode_line    the line that says the mode and its keys
"""
