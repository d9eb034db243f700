"""The result of one check of ``outlive doctor``."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Status(StrEnum):
    """How serious it is."""

    OK = "ok"
    WARN = "warn"
    """Something less, or something later, will not work."""
    FAIL = "fail"
    """Chats cannot be kept, or the window cannot be opened."""


class Check(NamedTuple):
    """One finding."""

    name: str
    status: Status
    message: str
    remedy: str = ""
    """What to do; "" when there is nothing to do."""


def ok(name: str, message: str) -> Check:
    """All is well."""
    return Check(name, Status.OK, message)


def warn(name: str, message: str, remedy: str) -> Check:
    """Worth knowing."""
    return Check(name, Status.WARN, message, remedy)


def fail(name: str, message: str, remedy: str) -> Check:
    """Must be put right."""
    return Check(name, Status.FAIL, message, remedy)
