"""The sidebar: all chats by group, with a filter; a rail of their marks in a narrow window."""
