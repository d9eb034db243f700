"""Kills the product's processes at any moment, and reports exactly what was lost.

``python -m tests.kills.torture`` kills at random moments, ``python -m tests.kills.every_instant`` at each system call,
``python -m tests.kills.work_at_random`` at calls that change random working trees; the tests here make a part of these
kills. ``witness`` is the program in a session; its own record is the reference. ``recorder`` is a viewer that saves
everything that it receives. ``evidence`` compares the two.
"""
