"""Kills the product's processes at any moment, and reports exactly what was lost.

``witness`` is the program in a session; its own record is the reference. ``recorder`` is a viewer that saves everything
that it receives. ``evidence`` compares the two. ``tracer`` kills a process at one chosen system call.
"""
