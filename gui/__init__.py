"""The window: one of any number of viewers. Chats keep running without it.

Rooms, from the bottom up (each may import only the rooms above it in this list):

    theme      colours, measures and marks, dark and light, following the desktop
    settings   the user's settings, and the window's saved layout
    input      Qt's key events as the protocol's typed keys
    wording    the texts, and how chats are grouped and ordered
    terminal   the widget that paints a replica and passes on the user's input
    bridge     hosts and the chat database, as Qt objects and signals
    tray       the icon and menu in the desktop's tray
    window     the main window and everything in it
    app        connects the rooms; ``loop`` runs asyncio inside Qt's loop

The window imports ``session_host`` (client, protocol, terminal, store, agents), which never imports the window. Ending
this process ends no chat: the window owns none.
"""
