"""Converts Qt's input events to the protocol's typed values.

This package has everything that depends on how Qt or a window system reports keys, buttons and composed text. It must
not know widgets, emulators or sessions.
"""
