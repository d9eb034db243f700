"""The keeper: one process per user, which forks hosts and outlives each of them.

    __main__          the start: detached, alone (a lock), with everything loaded
    keeper            messages of commands and hosts; what happens when a host or a program dies
    kept_session      one session in the keeper: descriptors, host, replacement host
    event_loop        wakes the keeper: sockets, children, timers
    sockets           the keeper's and the sessions' sockets, bound again when they are removed
    host_replacement  a new host takes the place of one that lives
    exec_upgrade      another version takes this process over by exec
    forced_end        ends a session without its host
    permission        which chats an agent in a chat may control
    pair              the active keeper and its standby
    processes/        prefork, fork, children, and processes that are no children
    standby/          what the second and systemd's descriptor store get: replication, and systemd's descriptor store

The keeper holds a duplicate of each session's descriptors, so that no program sees a hang-up when a host dies. It is
the subreaper of each program, so that no exit status is lost. It interprets no bytes. It has one thread and no asyncio
loop: hosts are forks of it, and begin loops of their own.
"""
