"""The keeper: one process per user, which forks hosts and outlives each of them.

The keeper holds a duplicate of each session's descriptors, so that no program sees a hang-up when a host dies. It is
the subreaper of each program, so that no exit status is lost. It interprets no bytes. It has one thread and no asyncio
loop: hosts are forks of it, and begin loops of their own.

What may fail, who notices it, and what follows:

    a viewer            its host: connection closed     the host keeps the attachment for the reconnect
    a host              keeper: SIGCHLD or pidfd        a new host recovers (``host.driver.recover``); after repeated
                                                        crashes in the engine, with the other engine (``kept_session``)
    hosts at the end    keeper: their exit status   the next one saves less, the third only the end (``kept_session``)
    the active keeper   standby, which is its parent    forks another active keeper (``standby``)
    the standby         active keeper: connection       forks another active keeper, and becomes the standby
    both keepers        the hosts: channel              one host starts a keeper under a lock, and all hosts hand their
                                                        descriptors over
    a socket file       keeper: inotify                 binds a new socket (``sockets``)
    a hanging host      a command: timeout              ``outlive kill`` goes to the keeper (``kill_without_host``)
    hosts that all die  a command: the row's PID        ``outlive stop`` goes there, too (``stop_without_host``)
    the program         its parent, or a pidfd          saves the exit status (``child_processes``)
    the machine         next listing: other boot id     the chat is "interrupted"; the journal has the screen
"""
