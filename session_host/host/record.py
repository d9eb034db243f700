"""What a host writes down: its session's start and end, and the last screen.

All of it blocks on the disk, so each call is made off the event loop.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from session_host.errors import NoSuchSession, OutliveError, StoreCorrupt, StoreError
from session_host.estate.ledger import LedgerPage
from session_host.protocol.launch import LaunchSpec
from session_host.protocol.values import State
from session_host.pty.identity import start_time
from session_host.pty.process import PtyProcess
from session_host.store import SessionRecord, Store
from session_host.store.record import INTERRUPTED
from session_host.store.screen import SavedScreen, save_screen

from .session import Session

log = logging.getLogger(__name__)

RETRY_S = (0.2, 1.0, 5.0)
"""Waits between tries to record an end; the last one repeats, since an end must not be forgotten."""


class Recorder:
    """The record of one session."""

    def __init__(self, spec: LaunchSpec, host_pid: int) -> None:
        self._spec = spec
        self._path = Path(spec.database)
        self._record = SessionRecord(
            id=spec.session_id,
            name=spec.name,
            agent=spec.agent,
            argv=spec.argv,
            cwd=spec.cwd,
            env=spec.overrides,
            state=State.STARTING,
            host_pid=host_pid,
            host_started=start_time(host_pid),
            boot_id=spec.boot_id,
            created_at=spec.created_at,
            columns=spec.size.columns,
            rows=spec.size.rows,
            engine=spec.engine,
        )

    async def starting(self) -> None:
        """Record that the session is about to start.

        Raises:
            StoreError: it cannot be recorded, so it must not be started.
        """
        await asyncio.to_thread(self._add)

    async def running(self, process: PtyProcess) -> None:
        """Record the child, and whose it is now. A failure is logged: the agent runs, and its end will be recorded."""
        self._record.state = State.RUNNING
        self._record.child_pid, self._record.child_started = process.pid, process.started
        try:
            await asyncio.to_thread(self._write)
        except StoreError as error:
            log.warning("not recorded yet: %s", error)

    async def refused(self) -> None:
        """The program could not be started: there is no session to remember."""
        try:
            await asyncio.to_thread(self._remove)
        except StoreError as error:
            log.warning("not removed: %s", error)

    async def ended(self, session: Session, ended_at: str, *, interrupted: bool) -> None:
        """Keep the last screen if it can be, and record the end, however long the disk refuses.

        ``interrupted``: this was no end of the agent's own, nor one that its user wished.
        """
        record = self._record
        record.state, record.exit_code, record.exit_signal = session.state, session.exit_code, session.exit_signal
        if interrupted:
            record.state, record.error = State.LOST, INTERRUPTED
        record.ended_at, record.title, record.name = ended_at, session.title, session.name
        record.columns, record.rows = session.size.columns, session.size.rows
        await session.lane.lend(lambda emulator: emulator.reset_after_exit())
        await self._save_screen(session, portable=False)
        waits = iter(RETRY_S)
        wait_s = RETRY_S[0]
        while True:
            try:
                await asyncio.to_thread(self._write_end, session.ledger.page)
            except StoreError as error:
                wait_s = next(waits, wait_s)
                log.warning("the end is not recorded yet, again in %.1f s: %s", wait_s, error)
                await asyncio.sleep(wait_s)
            else:
                break
        session.recorded.set()
        await self._save_screen(session, portable=True)

    async def _save_screen(self, session: Session, *, portable: bool) -> None:
        if portable and not await asyncio.to_thread(Path(self._spec.screen).exists):
            return  # The chat was removed meanwhile.
        try:
            screen = await session.lane.lend_to_thread(lambda emulator: SavedScreen.of(emulator, portable=portable))
            await asyncio.to_thread(save_screen, Path(self._spec.screen), screen)
        except OutliveError as error:
            log.warning("the last screen is not kept: %s", error)

    def _add(self) -> None:
        with self._open() as store:
            if store.get(self._record.id) is None:
                store.add(self._record)
            else:
                # A former host got this far, and was killed.
                store.update(self._record.id, host_pid=self._record.host_pid, host_started=self._record.host_started)

    def _write_end(self, page: LedgerPage) -> None:
        self._write()
        page.end_recorded = True

    def _write(self) -> None:
        record = self._record
        with self._open() as store:
            try:
                store.update(
                    record.id,
                    state=record.state,
                    host_pid=record.host_pid,
                    host_started=record.host_started,
                    child_pid=record.child_pid,
                    child_started=record.child_started,
                    exit_code=record.exit_code,
                    exit_signal=record.exit_signal,
                    error=record.error,
                    ended_at=record.ended_at,
                    title=record.title,
                    columns=record.columns,
                    rows=record.rows,
                )
            except NoSuchSession:
                # The record was damaged and begun anew while this session ran.
                store.add(record)

    def _remove(self) -> None:
        with self._open() as store:
            store.remove(self._record.id)

    def _open(self) -> Store:
        try:
            return Store.open(self._path)
        except StoreCorrupt as error:
            aside = Store.set_aside(self._path)
            log.warning("%s; kept as %s", error, aside)
            return Store.open(self._path)
