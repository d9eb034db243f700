"""The scopes of the user's systemd.

A window that was started from a desktop runs in a control group, and killing that group (a force quit, systemd-oomd)
kills every process in it. This package knows processes by PID alone: no sessions, no sockets of Outlive. It imports
D-Bus only if there is a bus.
"""

from .scope import ScopeResult, enter

__all__ = ["ScopeResult", "enter"]
