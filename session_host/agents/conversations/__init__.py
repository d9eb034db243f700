"""The conversations in agents' own files: whether one can be resumed, its turns, and lists of all.

One module for each agent, under the name that the catalog gives as ``store``. They read the agents' own files, and only
``gemini_guard`` writes to them. This package must not know sessions or hosts.
"""
