"""The visible text of a terminal for screen readers.

A screen reader gets the rows in view, with soft wraps joined, as in VTE and Konsole. While no screen reader is active,
this package does no work. Offsets count UTF-16 code units, as Qt's do.
"""
