"""D-Bus: the connection that every part of the product uses, jeepney's message format underneath.

    addresses  where the session bus and the system bus listen
    bus        Bus: a connection with a deadline, blocking
    in_thread  call it from an event loop

This room knows D-Bus alone: none of the services on it.
"""
