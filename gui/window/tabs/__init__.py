"""The open chats: their order, the shown one, and the tab bar.

tabs              which chats are open, in what order, which one is shown
tab_bar           the row of tabs
remembered_marks  the place in a chat's history, and what was not seen, kept for the next time
"""
