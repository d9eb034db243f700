"""The other side of a host's socket, for the window and the commands.

    connection      one connection: the greeting, and messages both ways
    control         one-shot requests
    window_control  commands to the open window
    display         Qt's messages about a display that cannot be reached
    permission      refuses an agent actions that no host or keeper checks
    viewer/         follows one session: a replica, typed input, reconnection
    sessions/       all sessions and their states: the store's rows merged with the hosts' answers
    chats/          launching, resuming, removing chats
    worktrees/      a git worktree for a chat

This package knows asyncio and nothing of Qt: the window provides its own loop.
"""
