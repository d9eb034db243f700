"""The process that serves one session: its emulator, its clients, its recovery.

A host knows nothing of windows; it serves any number of viewers, and never waits for one.
"""
