"""Dialects: the agents' protocols, each translated into the vocabulary of ``items``. Pure.

No message of an agent makes a dialect fail: an unknown message or field becomes a "raw" item, and the rest of the
message counts.
"""
