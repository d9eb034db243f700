"""Web Push: questions reach a phone whose browser is closed. The browser's maker runs the push service.

``reminders`` decides when, in the server. What needs ``cryptography`` or may block is a process of its own for each
time: ``sending`` encrypts and posts, ``idleness`` asks the desktop how long it was not used.
"""
