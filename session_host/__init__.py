"""Everything of Outlive that needs no display: hosts, keeper, client and commands.

    host           the process that serves one session
    keeper         the process that forks hosts and holds their descriptors
    keeper_client  finds the keeper, and sends messages to it
    client         the other side of a host's socket: viewers, lists of sessions, launching, resuming
    cli            the ``outlive`` command
    endpoint       the chat with a model server, a program that runs in a session
    one_shot       the program that runs an agent's command once for each prompt
    codex_relay    the program between a chat and a server that the agent's own terminal uses, too
    worktree_setup the program that sets up a new worktree, and then becomes the agent
    hook           the program that agents' hooks run
    agents         the catalog of agents, their conversations, and the meaning of their signals
    storage        what outlives a process: descriptors and files in memory, journal, store, search index
    restore_points  the files of a working tree before each prompt, in the repository's objects
    terminal       emulation: one protocol, two engines
    structured     chats without a terminal: transcripts, and the agents' protocols; pure
    session        the rules of a session; pure
    protocol       messages between processes; pure
    git            runs git
    system         the operating system: time, event loop, processes, systemd
    scopes         old path of ``system.systemd``, for keepers of version 0.1 that still run

ARCHITECTURE.md gives each package's purpose; pyproject.toml says which package may import which. All of them share
``errors``, ``paths``, ``toml_file`` (the user's settings files), ``version``, ``patience`` (waits a limited time) and
``ending_signals`` (signals that end a program). None imports Qt or ``gui``.
"""

import sys

# Without typing_extensions msgspec uses typing instead. Importing typing_extensions takes a quarter of a short
# command's time, and typing has everything that this package needs.
if "typing_extensions" not in sys.modules:
    sys.modules["typing_extensions"] = None  # type: ignore[assignment] # "not to be imported" (importlib's rule)
    try:
        import msgspec  # noqa: F401
    finally:
        del sys.modules["typing_extensions"]
