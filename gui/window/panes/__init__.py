"""The panes of a window: split, arranged, maximised, and tabs dragged among them.

    panes      the tabs in all panes of a window: opens, closes, reopens, saves and restores them
    split_panes  the panes themselves: splits, arranges, maximises and closes them
    pane       one pane: a row of tabs, and the page in front
    pane_area  places panes and the lines between them, and draws where a dragged tab would go
    tab_moves  moves and copies tabs between panes
    closed_tabs  the tabs that were closed lately
    removed_tabs  the tabs and panes of removed chats, which an undo brings back
    tab_drag   drags tabs out of their row, to other panes and windows; accepts chats of the sidebar
    drop_zone  where a dragged tab or chat would go

The arrangement itself is ``gui.settings.pane_tree``. This package does not know the window's actions.
"""
