"""Programs on pseudo terminals: starting one, its bytes, its size, its end.

    process    PtyProcess: exec'd directly, never through a shell
    identity   a process told apart from a later one with the same PID

This room knows nothing of sessions, emulators or sockets.
"""
