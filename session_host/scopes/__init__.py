"""Old path of ``system.systemd``.

Hosts forked by a keeper of version 0.1 that still runs import ``bus`` and ``manager`` from here, late.
"""
