"""The evidence for an activity: the reports of its sources, and its changes. Pure."""

from __future__ import annotations

import msgspec

from .values import Activity


class Transition(msgspec.Struct, frozen=True, array_like=True):
    """One change of an agent's activity."""

    at: str
    """ISO 8601, UTC."""
    activity: Activity
    source: str
    detail: str = ""


class Evidence(msgspec.Struct, frozen=True, array_like=True):
    """The last report of one source."""

    source: str
    """As in ``Transition``: "hook", "state file", "osc 7501", …"""
    at: str
    said: str
    """In the source's own words, one line: "PermissionRequest", "state=working"."""
    activity: Activity | None
    """The activity that the report means; None if it says nothing about it."""
    counts: bool
    """Whether the report counts now, and no stronger source overrides it."""
