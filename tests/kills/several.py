"""Kills several of the product's processes at the same time or shortly after each other."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from pathlib import Path

from session_host.paths import runtime_dir
from session_host.system.processes.identity import is_killed
from tests.support import processes

APART_S = 0.02
"""From one kill of a sequence to the next; longer if a busy machine does not have two keepers again by then."""

SEQUENCE = 8
TARGETS = ("keeper", "standby", "host", "another host")
_PAIRS = tuple(itertools.combinations(TARGETS, 2))


def two_of(number: int) -> Sequence[str]:
    """The names of two different processes; consecutive numbers go through all pairs."""
    return _PAIRS[number % len(_PAIRS)]


def sequence_of(number: int) -> list[Sequence[str]]:
    """Random processes to kill one after another. Keepers are chosen more often than hosts.

    Finding a host's PID takes a request, so a sequence with many hosts would be slower.
    """
    rng = random.Random(number)
    return [(rng.choice(("keeper", "standby", *TARGETS)),) for _ in range(SEQUENCE)]


def keeper_pid(name: str) -> int:
    """The PID of the current active keeper or standby; 0 if there is none, or if it has been killed."""
    wanted = "outlive-keeper" if name == "keeper" else "outlive-standby"
    return next((pid for pid in _keepers() if _lives(pid) and processes.name(pid) == wanted), 0)


def _lives(pid: int) -> bool:
    # On a busy machine a killed process exists for a while.
    return processes.is_alive(pid) and not is_killed(pid)


def is_whole() -> bool:
    """Whether there are an active keeper and a standby."""
    return bool(keeper_pid("keeper") and keeper_pid("standby"))


def _keepers() -> list[int]:
    try:
        return [int(pid) for pid in (runtime_dir() / "keeper.lock").read_text().split()]
    except FileNotFoundError:
        return []


def children_of(pid: int | None) -> set[int]:
    """The children of a single-threaded process; none if it has ended."""
    try:
        return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}
    except (FileNotFoundError, ProcessLookupError):
        return set()
