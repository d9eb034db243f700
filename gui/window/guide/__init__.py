"""The guide window: the pages of ``resources/guide``, to be read and searched.

It must not know chats, tabs or the main window.
"""
