"""The terminal widget: paints a replica and passes on the user's input.

This package makes a terminal's screen visible and usable by keyboard and mouse. It reads an ``Emulator``
(`session_host.terminal`) and writes to an ``InputSink``; it must not know hosts, sockets, the store, tabs or settings,
and it never feeds an emulator.

    view          the whole widget: the screen with mouse, keyboard and clipboard
    pointing      the screen with the mouse
    screen        the widget that shows a screen and its history
    grid_size     reports the view's grid size to its session
    cell_metrics  fonts, and the cell in whole device pixels
    ligatures     the characters that a font draws together
    context_menu  the menu of a right click
    history/      scrolling, the scroll bar, and saved scroll positions
    by_keyboard/  the keyboard's modes: selecting with a caret, and letters on links
    input/        keyboard, pointer, wheel, clipboard: the user's input
    finder        finds text in the history and on the screen
    finding/      lines, matches in them, marked rows, and scrolling to one line
    prompts/      navigation to prompts, their output, their marks in the margin
    links/        links under the pointer
    drawing/      the picture: rows, colours, cursor, fonts, and when to paint
    accessible/   the visible text for screen readers
    glyphs/       pictures of single cells, drawn by geometry
"""
