"""Processes: programs on pseudo terminals, and facts from /proc.

    pty_process   PtyProcess: exec'd directly, never through a shell
    identity      a process told apart from a later one with the same PID
    exit_status   how a process ended, read before it is reaped
    permission    which chat's processes a request comes from, and whether they may make it
    proc          the files of /proc
    process_tree  the processes of a chat: those of its terminal, its descendants, and those with its mark

This room knows nothing of sessions, emulators or sockets.
"""
