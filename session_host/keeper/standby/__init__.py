"""The standby keeper and systemd, which hold the same descriptors as the active keeper.

replication     messages from the active keeper to the standby, and back
systemd_holder  the descriptor store of the user's systemd
"""
