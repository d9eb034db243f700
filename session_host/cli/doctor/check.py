"""The result of one check of ``outlive doctor``."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Status(StrEnum):
    """The severity of a finding."""

    OK = "ok"
    WARN = "warn"
    """Some feature does not work, or will fail later."""
    FAIL = "fail"
    """Outlive cannot keep chats, or cannot open the window."""


class Check(NamedTuple):
    """The finding of one check."""

    name: str
    status: Status
    message: str
    remedy: str = ""
    """The remedy for the user; "" if none is needed."""


def ok(name: str, message: str) -> Check:
    """A finding without a problem."""
    return Check(name, Status.OK, message)


def warn(name: str, message: str, remedy: str) -> Check:
    """A finding that the user should know."""
    return Check(name, Status.WARN, message, remedy)


def fail(name: str, message: str, remedy: str) -> Check:
    """A finding that the user must fix."""
    return Check(name, Status.FAIL, message, remedy)


def fail_with(name: str, line: str) -> Check:
    """As ``fail``; the line ends with the remedy, after a semicolon."""
    return fail(name, *line.rsplit("; ", 1))
