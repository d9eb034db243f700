"""The chat's history in this terminal, after Ctrl+B PageUp.

mode     the keys, and the line with the position
search   finds a text in an emulator's history and screen

Both move the replica's viewport and selection, and nothing else: the host does not notice.
"""
