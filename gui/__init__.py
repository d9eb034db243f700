"""The window: one of any number of viewers. Chats keep running without it.

Rooms, from the bottom up (each may import only what stands above it here):

    theme      colours, measures and marks, dark and light, following the desktop
    settings   what the user set, and what the window remembers
    input      Qt's key events as the protocol's typed keys
    wording    the texts, and how chats are grouped and ordered
    terminal   the widget that paints a replica and hands on what the user does
    bridge     hosts and the chat database, as Qt objects and signals
    tray       the icon and menu in the desktop's tray
    window     the main window and everything in it
    app        puts them together; ``loop`` runs asyncio inside Qt's loop

It imports ``session_host`` (client, protocol, terminal, store, agents) and is never imported by
it. Ending this process ends no chat: nothing in here owns one.
"""
