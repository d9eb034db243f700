"""The open chats: their order, the shown one, and the tab bar.

tabs              the tabs of one pane: which chats are open, in what order, which one is shown
tab_bar           the row of tabs
recent            the order in which chats were shown
remembered_marks  what was not seen, kept for the next time, and when to save where the user looks
"""
