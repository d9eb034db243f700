"""A viewer: follows one session with a replica, and sends what the user does.

viewer                attaches, follows, reconnects
state                 a viewer's states, and the interface of its user
numbered_input        the user's input as numbered messages
unacknowledged_input  input kept in order until the host acknowledges it
snapshot_receiver     a snapshot's pieces, and the replica made of them
"""
