"""D-Bus: the connection that all parts of the product use; jeepney provides the message format.

This package knows D-Bus alone, and none of its services.
"""
