"""The page for the phone: ``outlive web`` serves it, as a client like the window, in a process of its own.

``app`` has the requests, ``gate`` decides who gets in, ``devices`` keeps the devices that the user paired, and
``following`` keeps the list of all machines' chats while a device is connected. ``rows``, ``questions``,
``conversations`` and ``screens`` make what it shows of a chat; ``actions`` sends what the user does, the way of each
other client.

It knows nothing of the window. Everything that an agent or a machine named leaves it as text.
"""
