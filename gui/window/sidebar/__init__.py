"""The sidebar: all chats by group, with a filter.

sidebar         the widget
chat_list_view  its list: several rows can be selected, and chats dragged
drag_picture    the picture beside the pointer while chats are dragged
model           the list's rows as Qt's item model
date_filter     finds chats by dates in the filter's text
rows            makes the rows of chats
arrangement     which chats are below which heading, and in which order
delegate        paints headings and rows
view_options    menus with the choices of how the list looks
no_matches      is shown instead of the rows when the filter finds none
"""
