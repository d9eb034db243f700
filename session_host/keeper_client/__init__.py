"""Keeper client: finds or starts the keeper, and exchanges messages with descriptors.

    discovery  finds the keeper; starts one under a lock if there is none
    requests   requests to the keeper, repeated if it dies meanwhile
    names      names of the keeper's services and processes
    channel    messages over a Unix socket, some with descriptors (SCM_RIGHTS, unix(7))

Hosts, commands and the keeper itself use it. It must not know hosts or commands.
"""
