"""The history of a terminal: the view's place in it, and the ways to another one.

scrolling     scrolls, and remembers a place that does not exist yet
scroll_place  a place in the history that can be found in another emulator
scrollbar     the thin bar in the right margin
new_output    the button that says that there is new output below
"""
