"""Killing the product's processes at any moment, and proving what that cost: nothing, or exactly what.

``witness`` is the program in a session, whose own record is the truth; ``recorder`` a viewer that keeps all it
is given; ``evidence`` compares; ``tracer`` ends a process at one chosen system call.
"""
