"""What a replacement host needs: ownership, the store's row, hibernation.

ownership         one process serves a session at a time
store_writer      writes the session's host and its end to the store
idle_detection    notices that nothing happens, and asks for a host that hibernates
hibernation       a host that waits in little memory until something happens
"""
