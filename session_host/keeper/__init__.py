"""The keeper: one process per user, which starts hosts and outlives each of them.

    pair       two processes: the active keeper, and a standby that holds the same
    mirror     what the active keeper tells the standby
    third_holder   the user's systemd, which holds the same
    strangers  hosts and programs that are children of neither
    __main__   its start: detached, alone (a lock), warmed
    loop       what wakes it: connections, children, timers
    keeper     what is kept, and what is done when it, or who looks after it, dies
    ward       one session: its estate, its host, what is done when that dies
    succession one host takes a living one's place
    reaching   the sockets at which it and the sessions are found
    ending     a session's end without its host
    warming    what hosts do, done once before they are forked
    forking    a host as a fork of this process
    replacing  another version of this program takes this process over

It holds a duplicate of each session's descriptors, so that nobody hangs up when a host dies; it is the
subreaper of each program, so that an exit status finds its way; and it interprets nothing. One thread, no
event loop: hosts are forks of it, and begin loops of their own.
"""
