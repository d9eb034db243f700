"""The chat's history in this terminal, after Ctrl+B PageUp.

Both move the replica's viewport and selection, and nothing else: the host does not notice.
"""
