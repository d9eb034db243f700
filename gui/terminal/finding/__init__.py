"""The text of a terminal as lines to search, and marked rows.

``row_numbers`` numbers rows; a number stays valid while old rows are dropped. ``line_index`` reads an emulator's lines
in parts, and keeps them current. ``matches`` searches them. ``marked_rows`` gives rows the colours of matches.
``line_search`` scrolls to one line. This package must not know widgets.
"""
