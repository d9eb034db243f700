"""D-Bus: the connection that all parts of the product use; jeepney provides the message format.

    addresses  addresses of the session bus and the system bus
    bus        Bus: a blocking connection with a deadline
    in_thread  calls a connection from an event loop

This package knows D-Bus alone, and none of its services.
"""
