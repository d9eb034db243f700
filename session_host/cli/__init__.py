"""The ``outlive`` command: one module for each verb, imported when it is asked for.

It turns words into calls of the client, the store and the catalog, and answers into lines, JSON and
exit codes. It must not know Qt: the window is another process, talked to by its socket. What
is imported here is paid for by every command, so it is next to nothing.

    program           the table of verbs; errors as one line and an exit code
    arguments         argparse, with errors as ours
    output            printing: tables, JSON, one-line errors, whatever the locale
    session_argument  finding the session that is meant
    lifecycle/        new, resume, stop, kill, kill-all, rename, rm, upgrade
    query/            ls, peek, explain, search, logs, wait
    send              typing into a chat
    attach/           attach: this terminal as a viewer
    recording/        replay and export
    doctor/           doctor: checks of the installation
    demo/             demo: a chat outlives its window
    window            the verbs of the open window; window_start opens it
"""

from session_host.cli.program import main

__all__ = ["main"]
