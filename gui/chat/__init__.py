"""The view of a structured chat: shows a transcript and takes prompts, answers and settings.

This package knows a ``Transcript`` (`session_host.structured`) and no hosts, sockets, tabs or settings files. It
reports by Qt signals what the user wants. Nothing that an agent sends is loaded from the network or the file system.
"""
