"""The sidebar: all chats by group, with a filter; a rail of their marks in a narrow window.

Agents draw for 80 columns, so the sidebar gives way when fewer would be left to the panes. A hidden one would hide
questions, too.
"""
