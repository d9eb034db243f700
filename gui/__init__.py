"""The window: one of any number of viewers. Chats keep running without it.

It imports ``session_host``, except ``host``, ``cli`` and ``system.processes``; ``session_host`` never imports it.
Ending this process ends no chat: the window owns none.
"""
