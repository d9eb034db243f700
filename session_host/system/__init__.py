"""The operating system: time, event loop, logs, locks, processes, systemd.

    clock             the current time in the format of all records
    directory_entries entries of directories, some of which cannot be read
    event_loop        runs coroutines on uvloop, or on asyncio's own loop
    freed_memory      how much freed memory the C library keeps
    inotify           watches directories on the event loop (inotify(7))
    login_sockets     links of a chat to the sockets of the user's login
    log_file          opens files that processes append to
    log_rotation      rotates logs on standard error
    open_file_locks   locks of open file descriptions (fcntl(2))
    peer_credentials  the process and user at the other end of a Unix socket
    replaced_file     replaces a whole file
    terminal_file     opens the file of a terminal, and identifies it
    timer             a timer of the event loop
    unix_sockets      sockets that only their user may connect to
    worker            does blocking work, in order, in a thread that ends when idle
    dbus/             a D-Bus connection, and the addresses of the buses
    processes/        programs on pseudo terminals; identity, end and descendants of a process
    systemd/          scopes and services of the user's systemd, over D-Bus

This package does not know emulators or windows. Of sessions it knows what marks their processes: variables of their
environment (``processes.process_tree``), which chats an agent may control, and the setting for that in ``chats.toml``
(``processes.permission``).
"""
