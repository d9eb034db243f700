"""A host's writes to the store: its own PID, the conversation, the title and the end. The launcher writes the start.

Every write waits for the disk, so each runs in a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Callable
from pathlib import Path

from session_host.errors import NoSuchSession, OutliveError, StoreCorrupt, StoreError
from session_host.paths import session_left_conversations, session_unsaved_end
from session_host.protocol.launch import LaunchSpec
from session_host.protocol.untrusted_text import topic_of
from session_host.protocol.values import State
from session_host.storage.descriptors.input_log import LogHeader
from session_host.storage.store import SessionRecord, Store, copies
from session_host.storage.store.copies import UnsavedEnd, note_end
from session_host.storage.store.saved_screen import SavedScreen, save_screen
from session_host.storage.store.session_record import INTERRUPTED
from session_host.system.processes.identity import start_time
from session_host.system.worker import Worker

from .driver.driver import Driver

log = logging.getLogger(__name__)

RETRY_S = (0.2, 1.0, 5.0)
"""Waits between tries to record an end; the last one repeats until the end is recorded, see ``stop_waiting``."""


TITLE_AFTER_S = 1.0
"""How long after a change the title is saved."""
TITLE_INTERVAL_S = 20.0


class StoreWriter:
    """Writes the record of one session."""

    def __init__(self, spec: LaunchSpec, host_pid: int) -> None:
        self._spec = spec
        self._path = Path(spec.database)
        self._worker = Worker()
        self._is_leaving = asyncio.Event()
        self._record = SessionRecord.of(spec)
        self._saved_title = self._record.title
        self._record.host_pid, self._record.host_started = host_pid, start_time(host_pid)

    def set_program(self, pid: int, started: int | None) -> None:
        """Set the PID and the start time of the session's program; see ``system.processes.identity``."""
        self._record.state = State.RUNNING
        self._record.child_pid, self._record.child_started = pid, started

    def set_conversation(self, conversation: str) -> None:
        """Set the agent's own id of its conversation; "" while it is unknown."""
        self._record.provider_session_id = conversation or None

    def set_title(self, title: str) -> None:
        """Set the program's title, and the topic if the title has it."""
        self._record.title = title
        found = re.search(self._spec.watch.topic, title) if self._spec.watch.topic else None
        # A title without a topic, such as the one at the start and the end, leaves the known topic.
        if found is not None and (topic := topic_of(found[min(found.re.groups, 1)])):
            self._record.topic = topic

    async def save_titles(self, driver: Driver) -> None:
        """Save the title after each change, at most once in ``TITLE_INTERVAL_S``, until cancelled.

        A title that the disk did not accept is saved again after that time.

        Some programs change the title several times a second, often only a sign that turns while they work.
        """
        loop = asyncio.get_running_loop()
        next_s = 0.0
        while True:
            await driver.title_changed.wait()
            await asyncio.sleep(max(TITLE_AFTER_S, next_s - loop.time()))
            driver.title_changed.clear()
            self.set_title(driver.session.title)
            if _without_sign(self._record.title) != _without_sign(self._saved_title):
                if not await self.save_host():
                    driver.title_changed.set()
                next_s = loop.time() + TITLE_INTERVAL_S

    async def save_host(self) -> bool:
        """Save this host's PID, the conversation and the title; returns whether they are saved.

        A failure is logged: the agent runs, and its end will be recorded.
        """
        title = self._record.title
        is_saved = await self._worker.run(lambda: _logged(self._write))
        if is_saved:
            self._saved_title = title
        return is_saved

    def stop_waiting(self) -> None:
        """Try once more to save the end, and wait no longer for a disk that does not accept it."""
        self._is_leaving.set()

    async def _wait(self, wait_s: float) -> None:
        """Wait this long, or until ``stop_waiting``."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._is_leaving.wait(), wait_s)

    async def save_end(self, driver: Driver, *, interrupted: bool) -> bool:
        """Write the rest of the journal and the last screen, and save the end; retry until the disk accepts it.

        ``interrupted``: the host got SIGTERM (the computer shuts down), so neither agent nor user ended the program.

        Returns:
            Whether the end is saved; False only after ``stop_waiting``.
        """
        record, session = self._record, driver.session
        record.state, record.exit_code, record.exit_signal = session.state, session.exit_code, session.exit_signal
        if interrupted:
            record.state, record.error = State.LOST, INTERRUPTED
        record.ended_at, record.name = driver.ended_at, session.name
        self.set_title(session.title)
        self.set_conversation(driver.conversation.id)
        record.columns, record.rows = session.sizing.size.columns, session.sizing.size.rows
        await driver.kind.reset_screen()
        waits = iter(RETRY_S)
        wait_s = RETRY_S[0]
        is_output_saved = False
        while True:
            is_last_try = self._is_leaving.is_set()
            # Before the end: once that is recorded, the user may remove the chat.
            is_output_saved = is_output_saved or await self._save_output(driver, portable=False)
            try:
                await self._worker.run(lambda: self._write_end(driver.input_log.header))
            except StoreError as error:
                if is_last_try:
                    log.warning("the end is not recorded: %s", error)
                    await self._worker.run(lambda: self._note_end(interrupted=interrupted))
                    return False
                wait_s = next(waits, wait_s)
                log.warning("the end is not recorded yet, again in %.1f s: %s", wait_s, error)
                await self._wait(wait_s)
            else:
                break
        driver.exit_saved()
        for wait_s in (0.0, *RETRY_S):  # The disk may have room for the end, and none for the screen.
            await self._wait(wait_s)
            if not await self._worker.run(Path(self._spec.screen).parent.exists):
                break  # The user removed the chat meanwhile.
            if await self._save_output(driver, portable=True):
                break
        if not interrupted:  # The computer does not wait.
            await driver.journal_writer.compress()
        return True

    async def _save_output(self, driver: Driver, *, portable: bool) -> bool:
        """Write the journal's rest and the last screen; return False if the disk did not take both."""
        await driver.journal_writer.close()
        try:
            worker = driver.worker
            screen = await worker.run_in_thread(
                lambda emulator: SavedScreen.of(emulator, portable=portable, offset=worker.interpreted_to)
            )
            path = Path(self._spec.screen)
            # The portable screen is saved after the end, when the user may have removed the chat with its directory.
            await self._worker.run(lambda: save_screen(path, screen, may_make_directory=not portable))
        except StoreError as error:
            log.warning("the last screen is not kept yet: %s", error)
            return False
        except OutliveError as error:  # The engine failed, as it would again.
            log.warning("the last screen is not kept: %s", error)
        return not driver.journal_writer.error

    def _write_end(self, header: LogHeader) -> None:
        self._record.end_request = header.end_request
        self._write()
        header.exit_saved = True

    def _note_end(self, *, interrupted: bool) -> None:
        record = self._record
        end = UnsavedEnd(
            record.state, record.exit_code, record.exit_signal, record.end_request, record.ended_at or "", interrupted
        )
        try:
            note_end(session_unsaved_end(record.id), end)
        except OSError as error:
            log.warning("the end is not even noted: %s", error)

    def _write(self) -> None:
        try:
            self._write_once()
        except StoreCorrupt as error:
            log.warning("%s; kept as %s", error, Store.move_damaged(self._path))
            self._write_once()

    def _write_once(self) -> None:
        with Store.open(self._path) as store:
            self._save_left_conversation(store)
            try:
                self._update(store)
            except NoSuchSession:
                # The store was lost, and another process created a new one while this session ran.
                store.insert(copies.row(self._path, self._record.id) or self._record)
                self._update(store)

    def _update(self, store: Store) -> None:
        record = self._record
        # A topic that the title had before a new host took over is in the store alone.
        learned = {"topic": record.topic} if record.topic != self._spec.origin.topic else {}
        store.update(
            record.id,
            state=record.state,
            host_pid=record.host_pid,
            host_started=record.host_started,
            child_pid=record.child_pid,
            child_started=record.child_started,
            exit_code=record.exit_code,
            exit_signal=record.exit_signal,
            end_request=record.end_request,
            error=record.error,
            ended_at=record.ended_at,
            title=record.title,
            columns=record.columns,
            rows=record.rows,
            provider_session_id=record.provider_session_id,
            **learned,
        )

    def _save_left_conversation(self, store: Store) -> None:
        """Save the id of a conversation that the agent has left for another; the user may look for it."""
        previous = store.get(self._record.id)
        left = previous.provider_session_id if previous is not None else None
        if left and self._record.provider_session_id and left != self._record.provider_session_id:
            with contextlib.suppress(OSError), session_left_conversations(self._record.id).open("a") as file:
                file.write(f"{left}\n")


def _without_sign(title: str) -> str:
    """A title without the sign before it, by which agents show their state, such as "✳" or "⠂"."""
    sign, _, rest = title.partition(" ")
    return rest.lstrip() if rest and not any(map(str.isalnum, sign)) else title


def _logged(work: Callable[[], None]) -> bool:
    try:
        work()
    except OutliveError as error:
        log.warning("not recorded: %s", error)
        return False
    return True
