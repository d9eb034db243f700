"""Finds or starts the keeper, and exchanges messages with descriptors with it.

Hosts, commands and the keeper itself use it. It must not know hosts or commands.
"""
