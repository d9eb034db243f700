"""Everything of Outlive that needs no display: sessions which outlive whoever looks at them.

Rooms, from the bottom up (each may import only what stands above it here):

    protocol   messages and frames between viewers and hosts; pure
    terminal   the Emulator protocol and its two engines
    pty        starting a program on a pseudo terminal
    store      the SQLite record of sessions, exits and the window's layout
    agents     the catalog: how each agent is started
    host       the detached process that owns one session
    client     connecting to hosts, starting them, following a session
    cli        the ``outlive`` command

``clock``, ``errors``, ``loops``, ``paths``, ``peer`` and ``version`` are shared by all of them.
Nothing in here imports Qt or ``gui``.
"""
