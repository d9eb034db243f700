"""The operating system: time, event loop, logs, locks, processes, systemd.

    clock             the time as it is recorded and shown
    event_loop        uvloop, or asyncio's own
    inotify           events of directories (inotify(7)), delivered to the event loop
    log_rotation      logs on standard error with a limit
    open_file_locks   locks of open file descriptions (fcntl(2))
    peer_credentials  who is on the other side of a Unix socket
    timer             one timer of the event loop
    worker            blocking work, in order, in a thread that ends when idle
    dbus/             a D-Bus connection, and where the buses listen
    processes/        programs on pseudo terminals; identity, end and descendants of a process
    systemd/          scopes and services of the user's systemd, over D-Bus

This room knows nothing of sessions, emulators or windows.
"""
