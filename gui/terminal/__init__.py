"""The widget that paints a replica and hands on what the user does.

Its one reason: make a terminal's screen visible and reachable by keyboard and mouse. It reads an
``Emulator`` (`session_host.terminal`) and writes to an ``InputSink``; it must not know of hosts,
sockets, the record, tabs or settings, and it never feeds an emulator.

    view          the widget to work in: the page with keyboard, mouse and clipboard
    page          the widget that shows a screen and its history
    sink          whom typed keys, pastes and mouse events are given to
    keyboard      keys for the program, and the few that the view keeps
    pointer       the mouse: selecting, links, and events for the program
    wheel         the wheel: history, arrow keys, the program, zoom
    scrollbar     the thin bar in the right margin
    clipboard     copying, and pastes that are asked about first
    places        a line found in the history, scrolled to and marked
    links         which links may be opened

    pacing        when to paint: at once after a pause, else once a frame
    surface       what is to be seen, without a widget: canvas, cursor, composed text
    canvas        the picture of the grid; paints only rows that differ
    row_painter   one row of cells, drawn with QPainter
    cursor        the cursor's look and its blinking
    colors        styles → colours, under a theme and a program's overrides
    metrics       fonts, and the cell in whole device pixels
    layout        where the grid stands in the widget, and which cell a point is
    regions       regions as rectangles, and at another scale
    glyphs        pictures of single cells: wide characters, emoji, symbols
    box_drawing, symbols     lines, blocks, braille and triangles by geometry
    decorations   underlines, strike, overline
"""
