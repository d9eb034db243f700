"""The text of a terminal as lines to search, and marked rows.

``row_numbers`` numbers rows while old ones are dropped, ``line_index`` reads an emulator's lines a part at a time and
keeps them current, ``matches`` searches them, ``marked_rows`` gives rows the colours of matches, and ``line_search``
shows one line. This package must not know widgets.
"""
