"""The panes of a window: split, arranged, maximised, and tabs dragged among them.

The arrangement itself is ``gui.settings.pane_tree``. This package does not know the window's actions.
"""
