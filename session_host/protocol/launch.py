"""What a host is told when it is started: the launch spec, and its one line of answer."""

from __future__ import annotations

from typing import Literal

import msgspec

from .values import GridSize


class LaunchSpec(msgspec.Struct, frozen=True):
    """Everything that a host needs to start one session.

    It travels through sockets and stands in the session's ledger, in memory: never in argv, the
    environment or on a disk, since ``env`` may hold secrets.
    """

    session_id: str
    """A UUID in its canonical form."""
    name: str
    agent: str
    argv: list[str]
    """Exec'd directly; ``argv[0]`` is looked up on ``env["PATH"]``. Never empty."""
    cwd: str
    """Absolute."""
    env: dict[str, str]
    """The child's whole environment."""
    overrides: dict[str, str]
    """What the user set on top of the environment that was there; recorded, to start it again."""
    size: GridSize
    engine: Literal["ghostty", "pyte"]
    """One of terminal.base.EngineName."""
    scrollback_lines: int
    colors: tuple[int, int, int, bool] | None
    """What the one who starts it shows terminals in, as in messages.Colors; None if that is not known."""
    created_at: str
    """ISO 8601, UTC."""
    socket_path: str
    database: str
    screen: str
    """Where the last screen is kept when the session has ended."""
    boot_id: str
    umask: int
    """The program's, as umask(2) takes it."""
    log: str
    """Where the host writes what it did."""
    journal: str
    """The directory of the record of the output; "" for none."""
    journal_limit_bytes: int


class LaunchReport(msgspec.Struct, frozen=True):
    """The host's answer: it runs and listens, or why not."""

    ok: bool
    host_pid: int = 0
    child_pid: int = 0
    error: str = ""
    """One line for the user; "" if ok."""
    error_kind: str = ""
    """"not_found" (the program), "store", or "failed"."""
