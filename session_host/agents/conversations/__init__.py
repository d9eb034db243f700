"""Where agents keep their conversations: whether one can be resumed, and which processes have it open.

A way for each agent, by the name that the catalog gives as ``place``. They read the agents' own files and tell what
is there; they must not write to any (but for ``gemini``, which has a reason), nor know of sessions or hosts.
"""
