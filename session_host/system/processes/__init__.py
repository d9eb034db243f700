"""Processes: programs on pseudo terminals, and facts from /proc.

    pty_process   PtyProcess: a program on a PTY, exec'd without a shell
    identity      distinguishes a process from a later one with the same PID
    exit_status   reads the exit status of a process before it is reaped
    process_end   watches for the end of a process that is no child
    permission    the agents' chats that a process belongs to, and the chats that it may control
    proc          the files of /proc
    process_tree  finds a chat's processes: by terminal, by ancestry and by a mark in the environment

This package does not know emulators or sockets. Of sessions, ``process_tree`` knows the mark that their processes have,
and ``permission`` knows launch parameters and one setting of ``chats.toml``.
"""
