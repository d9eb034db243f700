"""The ``outlive`` command: a module for each subcommand or family of them, imported on demand.

The commands turn words into calls of the client, the store and the catalog, and answers into lines, JSON and exit
codes. They must not know Qt: the window is another process behind a socket. Every command pays for the imports of this
module, so it has almost none.
"""

from session_host.cli.subcommands import main, run

__all__ = ["main", "run"]
