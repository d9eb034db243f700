"""The history of a terminal: the view's scroll position, and ways to change it.

scrolling     scrolls, and remembers a position that the history does not have yet
scroll_position  a scroll position that can be found in another emulator
scrollbar     the thin bar in the right margin
new_output    the button that appears when there is new output below
"""
