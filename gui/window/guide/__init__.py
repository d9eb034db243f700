"""The guide window: the pages of ``resources/guide``, to be read and searched.

window    the window: the list of chapters, search, the way back
page      one chapter, drawn as the messages of a chat are
chapters  reads the chapters, and writes the user's own keys into them

It must not know chats, tabs or the main window.
"""
