"""The agents that Outlive can start, as data (one TOML file each), and the rules for their status.

This package must not know hosts, sockets or windows.
"""
