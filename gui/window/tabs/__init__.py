"""The open chats: their order, the shown one, and the tab bar.

tabs              the tabs of one pane: which chats are open, in what order, which one is shown
tab_bar           the row of tabs
close_button      closes a tab
overflow_button   lists the tabs of a row that is too short for them
widths            shares a row's width out among its tabs
recent            the order in which chats were shown
remembered_marks  saves and restores marks of unseen output; saves the layout after scrolling
"""
