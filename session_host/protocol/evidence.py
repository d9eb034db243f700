"""The evidence for an activity: the reports of its sources, and its changes. Pure."""

from __future__ import annotations

import msgspec

from .values import Activity


class Transition(msgspec.Struct, frozen=True, array_like=True):
    """One change of what an agent is said to do."""

    at: str
    """ISO 8601, UTC."""
    activity: Activity
    source: str
    detail: str = ""


class Evidence(msgspec.Struct, frozen=True, array_like=True):
    """The last word of one source."""

    source: str
    """As in ``Transition``: "hook", "state file", "osc 7501", …"""
    at: str
    said: str
    """In the source's own words, one line: "PermissionRequest", "state=working"."""
    activity: Activity | None
    """What it means; None for what says nothing of it."""
    counts: bool
    """Whether it is heard now, or a stronger source speaks in its place."""
