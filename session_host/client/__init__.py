"""The other side of a host's socket, for the window and the commands alike.

    connection      one connection: the handshake, and messages both ways
    control         one-shot requests
    window_control  commands to the open window
    permission      refuses an agent what no host or keeper decides
    viewer/         follows one session: a replica, typed input, reconnection
    sessions/       all sessions and their states: the record merged with the hosts' answers
    chats/          launching, resuming, removing chats
    worktrees/      a git worktree for a chat

It knows asyncio and nothing of Qt: the window gives it its own loop.
"""
