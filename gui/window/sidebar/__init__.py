"""The sidebar: all chats by group, with a filter; a rail of icons where it would leave a page less than 80 columns."""
