"""What holds for each machine but this one: it is far, its clock and its files are its own, and it may say anything."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import partial
from typing import TypeVar

from msgspec.structs import replace

from session_host.client.machine import ANSWER_S, Machine, Terms
from session_host.client.sessions.following import later_changes
from session_host.errors import OutliveError, ProtocolViolation
from session_host.protocol.facts import ChatFacts
from session_host.protocol.packing import MAX_FAR_LINES
from session_host.protocol.untrusted_facts import harmless_facts
from session_host.protocol.values import MAX_COLUMNS, MAX_ROWS, GridSize
from session_host.storage.store import Changes
from session_host.storage.store.ledger import Position
from session_host.system.clock import earlier

T = TypeVar("T")

CONNECT_INTERVAL_S = 0.1
"""The least time between two connections to a host there: one that always ends them must not keep us busy."""

TERMS = Terms(
    own_form=False, max_lines=MAX_FAR_LINES, is_far=True, connect_interval_s=CONNECT_INTERVAL_S, lists_all=False
)

_ID = re.compile("[0-9A-Za-z-]{1,64}")
_ACCOUNT = re.compile(r"[^\s@]+@[^\s:]+:")
"""Any user and computer, as shells write them before the directory."""


def by_our_clock(facts: ChatFacts, ahead: timedelta) -> ChatFacts:
    """Facts with the times of the clock here; ``ahead``: how far the machine's clock is ahead of it."""
    outcome, foreground = facts.outcome, facts.foreground
    if foreground is not None:
        foreground = replace(
            foreground, since=earlier(foreground.since, ahead), last_ended=earlier(foreground.last_ended, ahead)
        )
    return replace(
        facts,
        origin=replace(facts.origin, created_at=earlier(facts.origin.created_at, ahead)),
        outcome=replace(outcome, ended_at=outcome.ended_at and earlier(outcome.ended_at, ahead)),
        status=replace(facts.status, since=earlier(facts.status.since, ahead)),
        foreground=foreground,
    )


class AnotherMachine:
    """The answers of each other machine; see ``Machine``."""

    name: str
    terms = TERMS
    has_our_clock = False
    has_our_loopback = False
    has_our_files = False

    @property
    def prefix(self) -> str:
        """See ``Machine``."""
        return f"{self.name}/"

    def following(self: Machine) -> AbstractContextManager[Callable[[Position], Awaitable[Changes]]]:
        """See ``Machine``; each wait is a call."""
        return contextlib.nullcontext(partial(self.call, later_changes))

    def received(self: Machine, facts: ChatFacts) -> ChatFacts:
        """See ``Machine``: times by the clock here, harmless values, and no processes, which would be of this machine.

        Raises:
            ProtocolViolation: its id is none.
        """
        if not _ID.fullmatch(facts.id):
            raise ProtocolViolation("a chat has no valid id")
        facts = by_our_clock(harmless_facts(facts), self.clock_ahead)
        origin, entry, size = facts.origin, facts.entry, facts.program.size
        return ChatFacts(
            replace(
                origin,
                id=self.prefix + origin.id,
                resumed_from=origin.resumed_from and self.prefix + origin.resumed_from,
                handed_from=origin.handed_from and self.prefix + origin.handed_from,
            ),
            replace(
                entry,
                continued_by=entry.continued_by and self.prefix + entry.continued_by,
                handed_to=entry.handed_to and self.prefix + entry.handed_to,
            ),
            facts.outcome,
            replace(
                facts.program,
                size=GridSize(min(size.columns, MAX_COLUMNS), min(size.rows, MAX_ROWS)),
                host_pid=None,
                child_pid=None,
            ),
        )

    def account_in(self, title: str) -> str:
        """See ``Machine``; the user and the computer's own name are unknown here, so any are taken."""
        return (_ACCOUNT.match(title) or [""])[0]

    async def try_ask(self: Machine, ask: Callable[[], Awaitable[T]]) -> list[T]:
        """See ``Machine``: no answer if it cannot be reached, fails, or takes longer than ``ANSWER_S``."""
        if self.unreachable_since is None:
            with contextlib.suppress(OutliveError, TimeoutError):
                return [await asyncio.wait_for(ask(), ANSWER_S)]
        return []
