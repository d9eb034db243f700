"""The window: one of any number of viewers. Chats keep running without it.

Packages, from the bottom up. A package may import those of the groups above its own group in this list, but none of its
own group::

    theme      colours, measures and marks, dark and light, following the desktop
    loop       runs asyncio inside Qt's loop
    qt_overrides  keeps an error in an override of a Qt method from crashing the process
    fault_report  writes the window's unexpected errors and crashes to its log
    garbage    collects Python's garbage between Qt's events

    wording    the texts, and how chats are grouped and ordered
    settings   the user's settings, and the window's saved layout
    input      Qt's key events as the protocol's typed keys
    finding    what the user looks for in a chat, found with bounded work

    bridge     sessions and the chat database, as Qt objects and signals
    clipboard  what other programs offer for pasting, read without waiting for them
    terminal   the widget that paints a replica and passes on the user's input

    chat       the view of a structured chat

    window     the main window and everything in it
    tray       the icon and menu in the desktop's tray

    app        connects the packages
    start      starts Qt and the app

The window imports ``session_host``, except ``host``, ``cli`` and ``system.processes``. ``session_host`` never imports
the window. Ending this process ends no chat: the window owns none.
"""
