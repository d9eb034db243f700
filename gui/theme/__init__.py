"""Colours, measures, marks and icons of the window, dark and light.

Every colour, size, mark and icon comes from here, so that each theme is consistent and keeps its contrast. It knows no
sessions, no widgets of ours and no settings; ``gui.settings.themes`` reads the files of themes.

    tokens      colours and measures by name
    contrast    how well one colour reads on another (WCAG 2)
    code        colours of code and diffs
    terminal    the terminal's sixteen colours and its background
    terminal_font  the terminal's font, as settings name it
    scheme      one theme, and its counterpart for the other appearance
    desktop     the desktop's wishes: dark or light, accent colour, contrast
    derive      the window's colours from a terminal's
    marks       the shapes that show a chat's state, painted
    popup_list  a list that drops down over other widgets, and leaves them the keyboard
    menu        menus and lists in windows of their own, which leave the keyboard to their window
    flow_layout  a row of controls that wraps to further lines
    matched     a text with its matched characters marked
    frames      rounded frames on whole pixels
    icons       the one icon set, and agents as monogram tiles
    file_dialog the dialog that chooses files
    tooltips    tool tips, as plain text
    plain_label labels, as plain text
    stylesheet  tokens → Qt style sheet
    theme       the current theme, which follows the desktop
"""
