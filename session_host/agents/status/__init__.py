"""An agent's status, decided from its reports. Pure: no I/O, no timers.

The strongest source that has reported is believed; the others are kept as evidence for ``outlive explain``. What reads
files, events and titles is in ``host.watchers``.
"""
