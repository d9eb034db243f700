"""The visible text of a terminal for screen readers.

screen_text  the text, with the offset of each cell
changes      what was removed and inserted between two texts
reporter     announces changes to screen readers, a few times a second at most
interface    the accessible interface of the view, with Qt's text interface

A screen reader gets the rows in view, with soft wraps joined, as in VTE and Konsole. While no screen reader is active,
this package does no work. Offsets count UTF-16 code units, as Qt's do.
"""
