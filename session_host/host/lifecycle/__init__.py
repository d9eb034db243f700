"""A host's ownership of its session, its writes to the store, and hibernation.

ownership         one process serves a session at a time
store_writer      writes the session's host and its end to the store
idle_detection    notices that nothing happens, and asks for a host that hibernates
hibernation       a host that waits in little memory until something happens
"""
