"""An agent's status, decided from its reports. Pure: no I/O, no timers.

    signals   the meaning of each source's signals
    activity  which source is believed: the one authority on a chat's activity

The watchers that read files, events and titles are in ``host.watchers``.
"""
