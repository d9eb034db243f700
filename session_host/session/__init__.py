"""The rules of a session, as plain objects: no sockets, no clock, no event loop, no threads.

``session`` has what all sessions have; ``terminal_session`` and ``structured_session`` what only one kind has.

An event is a method call. Its effects are appended to one list, ``effects``, which all objects of a session share; the
caller carries them out in order before its next call. The call for output also returns the frame for the viewers.
"""
