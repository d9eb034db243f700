"""The standby keeper and systemd, which hold the same descriptors as the active keeper."""
