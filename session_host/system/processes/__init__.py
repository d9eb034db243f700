"""Processes: programs on pseudo terminals, and facts from /proc.

This package does not know emulators or sockets. Of sessions, ``process_tree`` knows the mark that their processes have,
and ``permission`` knows launch parameters and one setting of ``chats.toml``.
"""
