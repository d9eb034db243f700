"""The user's settings files, and the window's saved layout.

This package must not know widgets or chats; ids of chats are only strings here.
"""
