"""Reads what other programs offer for pasting; the window never waits for them.

Qt asks the program that holds the clipboard and waits for the answer, up to 5 s for each format. On X11 this package
asks over a connection of its own, and the answer arrives as an event.

    x11       one selection's content, asked from its owner over a connection of our own
    reading   reads the clipboard or the selection for a widget; keys typed meanwhile follow the paste
    fields    pastes into every field of the process: keys, middle click, context menu
    edit_menu a field's context menu
"""
