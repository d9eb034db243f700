"""The bridge between the client and Qt: sessions and the store as Qt objects and signals.

``ChatList`` holds a ``Chat`` for each running session, which follows its host through the client; of an ended one only
the record, until it is shown. What is asked about a chat goes through its ``Machine``. This package has no widgets and
paints nothing, and it never polls a host.
"""
