"""The visible text of a terminal for screen readers.

screen_text  the text, with the offset of each cell
changes      what was removed and inserted between two texts
reporter     tells screen readers of changes, some times a second at most
interface    the accessible interface of the view, with Qt's text interface

A screen reader gets the rows that are in view, as VTE and Konsole give them, with soft wraps joined. While none is
active, nothing here does any work. Offsets count UTF-16 code units, as Qt's do.
"""
