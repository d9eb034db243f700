"""The ``outlive`` command: one module for each subcommand, imported on demand.

The commands turn words into calls of the client, the store and the catalog, and answers into lines, JSON and exit
codes. They must not know Qt: the window is another process behind a socket. Every command pays for the imports of this
module, so it has almost none.

    program           the table of subcommands; errors as one line and an exit code
    arguments         argparse, with one-line errors
    output            prints tables, JSON and one-line errors in any locale
    text_columns      measures and cuts text in terminal columns
    times             ages and local times
    confirmation      asks before a command that cannot be undone
    session_argument  finds the session that an argument names
    selection         the arguments that choose chats by date, agent and project
    lifecycle/        new, resume, stop, kill, kill-all, pin, rename, rm, upgrade
    query/            ls, peek, explain, search, logs, wait
    send              types into a chat
    answers/          approve, deny
    restore           lists restore points, and restores files to before a prompt
    attach/           shows a chat in this terminal
    recording/        replays and exports a chat's recording
    doctor/           checks the installation
    demo/             demonstrates that a chat outlives its window
    window            controls the open window; window_start opens it
"""

from session_host.cli.program import main

__all__ = ["main"]
