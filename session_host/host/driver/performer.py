"""Carries out the effects that a session's rules want, in order; see ``session_host.session``."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from session_host.protocol.messages import Resized
from session_host.protocol.values import GridSize
from session_host.session.effects import (
    AppendEntry,
    AskSnapshot,
    Effect,
    Flush,
    Refuse,
    ResizeGrid,
    Snapshot,
    StartTimer,
    StopTimer,
    Tell,
    TimerOwner,
    ToProgram,
    UseEmulator,
)
from session_host.storage.descriptors.log_entries import EntryKind
from session_host.terminal.base import Emulator

if TYPE_CHECKING:
    from .session import Session

log = logging.getLogger(__name__)


def _snapshot_of(engine_build: str, emulator: Emulator) -> tuple[str, bytes, GridSize, int]:
    """Its form, its bytes, the grid's size, and how many lines the scrollback may have."""
    is_readable = engine_build == emulator.build
    data = emulator.snapshot() if is_readable else emulator.replay()
    return engine_build if is_readable else "vt", data, emulator.size, emulator.scrollback_limit


class Performer:
    """Empties the outbox of one session, and owns its timers.

    Attributes:
        effects: the outbox, which the rules append to.
    """

    def __init__(self, session: Session) -> None:
        self.effects: list[Effect] = []
        self._session = session
        self._timers: dict[tuple[TimerOwner, str], asyncio.TimerHandle] = {}
        self._is_performing = False
        self._ways: dict[type[Effect], Callable[[Any], None]] = {
            AppendEntry: self._record,
            ToProgram: self._give,
            ResizeGrid: self._resize_grid,
            Tell: self._tell,
            Flush: lambda effect: effect.client.flush(),
            Refuse: lambda effect: effect.client.refuse(effect.code, effect.text),
            AskSnapshot: self._make_snapshot,
            UseEmulator: self._use_emulator,
            StartTimer: self._start_timer,
            StopTimer: self._stop_timer,
        }

    def perform(self) -> None:
        """Carry out what is in the outbox, and what comes into it meanwhile."""
        if self._is_performing:
            return  # An effect's own effects come behind those that were there before.
        self._is_performing = True
        try:
            while self.effects:
                effect = self.effects.pop(0)
                carry_out = self._ways[type(effect)]
                carry_out(effect)
        finally:
            self._is_performing = False

    def close(self) -> None:
        """Stop all timers; what is in the outbox stays undone."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _record(self, effect: AppendEntry) -> None:
        self._session.ledger.append(effect.kind, effect.payload, effect.who, effect.number)

    def _give(self, effect: ToProgram) -> None:
        self._session.ledger.append(effect.kind, effect.data, effect.who, effect.number)
        self._session.flush_input()

    def _tell(self, effect: Tell) -> None:
        self._session.broadcast(effect.event)

    def _use_emulator(self, effect: UseEmulator) -> None:
        def use(emulator: Emulator) -> None:
            effect.user.emulator_free(emulator)
            self.perform()

        self._session.worker.run_next(use)

    def _make_snapshot(self, effect: AskSnapshot) -> None:
        session, user = self._session, effect.user

        def made(found: tuple[str, bytes, GridSize, int]) -> None:
            offset, resizes = session.worker.interpreted_to, session.emulator_resizes
            log.info("snapshot form=%s bytes=%d offset=%d ahead=%d", found[0], len(found[1]), offset,
                     session.output_ring.end - offset)  # fmt: skip
            user.snapshot_made(Snapshot(*found, offset, resizes))
            self.perform()

        def failed() -> None:
            user.snapshot_failed()
            self.perform()

        session.worker.submit(partial(_snapshot_of, effect.engine_build), made, failed)

    def _resize_grid(self, effect: ResizeGrid) -> None:
        session = self._session
        assert session.process is not None
        message = Resized(session.output_ring.end, effect.size, effect.cell, session.ring.resizes + 1)
        session.ledger.append(EntryKind.RESIZED, msgspec.msgpack.encode(message), number=message.number)
        session.ring.resized(message)
        session.worker.run_after_output(lambda emulator: self._resize_emulator(emulator, message))
        session.process.resize(effect.size, effect.cell)
        log.info("resized %s offset=%d", effect.size, session.output_ring.end)
        for follower in tuple(session.observers):
            follower.deliver_resize(message)

    def _resize_emulator(self, emulator: Emulator, message: Resized) -> None:
        emulator.resize(message.size, message.cell)
        self._session.emulator_resizes = message.number
        self._session.recording.add_resize(message)

    # ------------------------------------------------------------ timers

    def _start_timer(self, effect: StartTimer) -> None:
        loop = asyncio.get_running_loop()
        self._timers[effect.owner, effect.name] = loop.call_later(effect.after_s, self._due, effect.owner, effect.name)

    def _stop_timer(self, effect: StopTimer) -> None:
        timer = self._timers.pop((effect.owner, effect.name), None)
        if timer is not None:  # ``close`` has stopped all.
            timer.cancel()

    def _due(self, owner: TimerOwner, name: str) -> None:
        del self._timers[owner, name]
        owner.timer_due(name)
        self.perform()
