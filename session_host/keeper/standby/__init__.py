"""The second and the third holder of what the keeper holds.

replication     messages from the active keeper to the standby, and back
systemd_holder  the descriptor store of the user's systemd
"""
