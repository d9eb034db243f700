"""The rules of a session, as plain objects: no sockets, no clock, no event loop, no threads.

An event is a method call. The calls on the two hot paths return bytes: a key's for the program, and the output's frame
for the viewers. All other effects are appended to one list, ``effects``, which all objects of a session share; the
caller carries them out in order before its next call.
"""
