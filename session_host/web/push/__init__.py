"""Web Push: a question reaches a phone whose browser is closed, by the push service that the browser's maker runs.

``reminders`` decides when, in the server. What needs ``cryptography`` or may block is a process of its own for each
time: ``sending`` encrypts and posts, ``idleness`` asks the desktop how long it was not used.
"""
