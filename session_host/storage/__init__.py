"""Data that outlives a process: session descriptors, journal, store and search index.

This package does not know the peers of sockets, event loops or windows.
"""
