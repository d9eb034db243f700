"""The other side of a host's socket, for the window and the commands.

This package knows asyncio and nothing of Qt: the window provides its own loop.
"""
