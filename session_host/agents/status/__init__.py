"""An agent's status, decided from its reports. Pure: no I/O, no timers.

    signals   the meaning of each source's signals
    activity  combines the sources by rank: the one authority on a chat's activity

Sources of activity are the state file, hooks and plugins (the program in ``hook``), OSC 7501, OSC 9;4, title and
notification. ``signals`` turns their events into reports; ``activity`` believes the strongest source that has reported,
and keeps the others as evidence for ``outlive explain``. "Working" becomes "no signal" after ``stale_after_s`` (of the
catalog) without output or report; other activities stay. The watchers that read files, events and titles are in
``host.watchers``.
"""
