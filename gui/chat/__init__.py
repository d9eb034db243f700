"""The view of a structured chat: shows a transcript and takes prompts, answers and settings.

This package knows a ``Transcript`` (`session_host.structured`) and no hosts, sockets, tabs or settings files. The
user's actions are calls of its ``ChatPort``. Nothing that an agent sends is loaded from the network or the file system.
"""
