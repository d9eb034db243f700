"""The sidebar: all chats by group, with a filter.

sidebar   the widget
model     its list as Qt's item model
delegate  paints its headings and rows
"""
