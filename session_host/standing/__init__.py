"""What follows from the facts of a chat, for commands and the window: status, group and mark, end, age, traits.

Both decide by these functions, and where their words differ, those stand side by side here. Pure: the current time is a
parameter.
"""
