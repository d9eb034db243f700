"""The terminal widget: paints a replica and passes on the user's input.

Its one reason: make a terminal's screen visible and reachable by keyboard and mouse. It reads an
``Emulator`` (`session_host.terminal`) and writes to an ``InputSink``; it must not know of hosts,
sockets, the record, tabs or settings, and it never feeds an emulator.

    view          the widget to work in: the page with keyboard, mouse and clipboard
    page          the widget that shows a screen and its history
    cell_metrics  fonts, and the cell in whole device pixels
    scrollbar     the thin bar in the right margin
    scroll_place  a place in the history, found again in another emulator
    line_search   a line found in the history, scrolled to and marked
    input/        keyboard, pointer, wheel, clipboard: what the user does
    links/        links under the pointer
    drawing/      the picture: rows, colours, cursor, fonts, and when to paint
    glyphs/       pictures of single cells, drawn by geometry
"""
