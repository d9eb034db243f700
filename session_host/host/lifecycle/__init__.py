"""A host's ownership of its session, and its writes to the store.

ownership         one process serves a session at a time
store_writer      writes the session's host and its end to the store
"""
