"""The view of a structured chat: shows a transcript and takes prompts, answers and settings.

This package knows a ``Transcript`` (`session_host.structured`) and no hosts, sockets, tabs or settings files. The
user's input leaves it by one function, ``send``; what it asks of the window, by signals of the view. Nothing that an
agent sends is loaded from the network or the file system.
"""
