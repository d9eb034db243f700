"""A host's writes to the store: its own PID, conversation, title, later prompt, what happens, and the end.

The launcher writes the start.

Every write waits for the disk, so each runs in a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from session_host.errors import NoSuchSession, OutliveError, StoreCorrupt, StoreError, StoreRefused
from session_host.paths import make_directories, session_left_conversations, session_log, session_unsaved_end
from session_host.protocol.events import NumberedEvent, TurnCounted, TurnEnded, kind_of
from session_host.protocol.facts import INTERRUPTED, LaterPrompt, Outcome
from session_host.protocol.launch import LaunchSpec
from session_host.protocol.untrusted_text import topic_of
from session_host.protocol.values import State
from session_host.standing.later_prompt import taker_of
from session_host.storage.descriptors.input_log import LogHeader
from session_host.storage.store import Store, copies
from session_host.storage.store.copies import note_end
from session_host.storage.store.saved_screen import SavedScreen, save_screen
from session_host.storage.store.session_row import columns_of
from session_host.system.clock import now
from session_host.system.processes.identity import host_name, machine_id, pid_namespace, start_time
from session_host.system.processes.process_end import code_and_signal
from session_host.system.worker import Worker

from .driver.driver import Driver
from .event_log import EventLog

log = logging.getLogger(__name__)

RETRY_S = (0.2, 1.0, 5.0)
"""Waits between tries to record an end; the last one repeats until the end is recorded, see ``stop_waiting``."""


TITLE_AFTER_S = 1.0
"""How long after a change the title is saved."""
TITLE_INTERVAL_S = 20.0
GATHER_S = 0.03
"""How long events are gathered for one transaction; nobody feels that."""
OPEN_S = 2.0
"""How long the store stays open after a write: events come in bursts, and opening it takes ten times a write's time."""


class StoreWriter:
    """Writes the row of one session.

    Attributes:
        topic: the subject of the conversation, as far as its titles said, or a shell's last command; see ``Entry``.
        left: what still runs at the end; see ``events.Ended``.
    """

    def __init__(self, spec: LaunchSpec, host_pid: int, on_written: Callable[[], None]) -> None:
        """Write nothing yet.

        Args:
            spec: the session.
            host_pid: this process.
            on_written: called after each write.
        """
        self._spec, self._on_written = spec, on_written
        self._path = Path(spec.database)
        self._worker = Worker(OPEN_S, self._close_store)
        self._store: Store | None = None
        """The open store, in the worker's thread."""
        self._is_leaving = asyncio.Event()
        self._id, self.topic = spec.facts.id, spec.facts.entry.topic
        self.left: Sequence[str] = ()
        self._outcome = Outcome()
        self._program = replace(spec.facts.program, host_pid=host_pid, host_started=start_time(host_pid))
        self._saved_title, self._saved_topic = self._program.title, self.topic
        self._later = spec.facts.entry.later

    def set_program(self, pid: int, started: int | None) -> None:
        """Set the PID and the start time of the session's program; see ``system.processes.identity``."""
        self._outcome = Outcome(State.RUNNING)
        self._program = replace(self._program, child_pid=pid, child_started=started)

    def set_conversation(self, conversation: str) -> None:
        """Set the agent's own id of its conversation; "" while it is unknown."""
        self._program = replace(self._program, conversation=conversation)

    def set_later(self, prompt: LaterPrompt | None) -> None:
        """Set the prompt that is to be sent at a time; None for none."""
        self._later = prompt

    async def has_draft(self) -> bool:
        """Whether a window has saved a text for the session that is not sent."""
        found = False

        def read() -> None:
            nonlocal found
            drafts = self._opened().layout().get("drafts")
            found = isinstance(drafts, dict) and bool(drafts.get(self._id))

        await self._worker.run(lambda: _logged(read))
        return found

    async def is_handed_over(self, prompt: LaterPrompt) -> bool:
        """Whether another chat was started that took over the task which a prompt continues, since that was set."""
        found = False

        def read() -> None:
            nonlocal found
            record = self._opened().get(self._id)
            taker = taker_of(record.entry, prompt) if record is not None else ""
            found = bool(taker) and session_log(taker).exists()

        await self._worker.run(lambda: _logged(read))
        return found

    def set_title(self, title: str) -> None:
        """Set the program's title, and the topic if the title has it."""
        self._program = replace(self._program, title=title)
        found = re.search(self._spec.watch.topic, title) if self._spec.watch.topic else None
        # A title without a topic, such as the one at the start and the end, leaves the known topic.
        if found is not None and (topic := topic_of(found[min(found.re.groups, 1)])):
            self.topic = topic

    def set_command(self, command: str) -> None:
        """Set the last command of a shell, which is its topic; "" changes nothing."""
        self.topic = topic_of(command) or self.topic

    def _take_words(self, driver: Driver) -> None:
        """Take the title and the last command, to be saved.

        While a command runs in a shell, the title is left out: many shells put the whole command line there.
        """
        foreground = driver.watch.foreground
        if foreground is None or not (self._spec.facts.origin.is_shell and foreground.current.program):
            self.set_title(driver.session.title)
        self.set_command(driver.watch.last_command)

    async def save_titles(self, driver: Driver) -> None:
        """Save title and topic after each change, at most once in ``TITLE_INTERVAL_S``, until cancelled.

        A title that the disk did not accept is saved again after that time.

        Some programs change the title several times a second, often only a sign that turns while they work.
        """
        loop = asyncio.get_running_loop()
        next_s = 0.0
        while True:
            await driver.title_changed.wait()
            await asyncio.sleep(max(TITLE_AFTER_S, next_s - loop.time()))
            driver.title_changed.clear()
            self._take_words(driver)
            saved, title = (_without_sign(self._saved_title), self._saved_topic), _without_sign(self._program.title)
            if (title, self.topic) != saved:
                if not await self.save_host():
                    driver.title_changed.set()
                next_s = loop.time() + TITLE_INTERVAL_S

    async def save_events(self, events: EventLog) -> None:
        """Write each event into the ledger, until cancelled; on a disk that takes none, again and again.

        An event that the ledger refuses is written without its work, or left out; its number counts as taken. The end
        writes what is left.
        """
        waits = iter(RETRY_S)
        wait_s = RETRY_S[0]
        while True:
            await events.has_unsaved.wait()
            await asyncio.sleep(GATHER_S)
            batch = events.unsaved()
            if await self._worker.run(partial(_logged, partial(self._write_events, batch))):
                self._on_written()
                events.saved(batch[-1].number)
                waits = iter(RETRY_S)
            else:
                wait_s = next(waits, wait_s)
                await asyncio.sleep(wait_s)

    async def save_host(self) -> bool:
        """Save this host's PID, the conversation, the title and the later prompt; returns whether they are saved.

        A failure is logged: the agent runs, and its end will be recorded.
        """
        title, topic = self._program.title, self.topic
        is_saved = await self._worker.run(lambda: _logged(self._write))
        if is_saved:
            self._on_written()
            self._saved_title, self._saved_topic = title, topic
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

        If a previous host died of it, the events that the ledger lacks are left out.

        ``interrupted``: the host got SIGTERM (the computer shuts down), so neither agent nor user ended the program.

        Returns:
            Whether the end is saved; False only after ``stop_waiting``.
        """
        session = driver.session
        end = driver.outcome
        await self._worker.run(lambda: None)  # A write that was cancelled may still wait: it must not have the end.
        self._outcome = replace(end, state=State.LOST, error=INTERRUPTED) if interrupted else end
        self._take_words(driver)
        self.set_conversation(driver.conversation.id)
        self.set_later(driver.later.prompt)
        self._program = replace(self._program, size=session.sizing.size)
        waits = iter(RETRY_S)
        wait_s = RETRY_S[0]
        is_output_saved = False
        while True:
            is_last_try = self._is_leaving.is_set()
            # Before the end: once that is recorded, the user may remove the chat.
            is_output_saved = is_output_saved or await self._save_output(driver, portable=False)
            try:
                await self._worker.run(lambda: self._write_end(driver))
            except StoreRefused:
                raise  # The keeper counts the host's death, and the next one saves less.
            except (OutliveError, OSError) as error:  # Also of a directory that is out of reach for a while.
                if is_last_try:
                    log.warning("the end is not recorded: %s", error)
                    await self._worker.run(self._note_end)
                    return False
                wait_s = next(waits, wait_s)
                log.warning("the end is not recorded yet, again in %.1f s: %s", wait_s, error)
                await self._wait(wait_s)
            else:
                break
        driver.exit_saved()
        self._on_written()
        for wait_s in (0.0, *RETRY_S):  # The disk may have room for the end, and none for the screen.
            await self._wait(wait_s)
            if not await self._worker.run(Path(self._spec.screen).parent.exists):
                break  # The user removed the chat meanwhile.
            if await self._save_output(driver, portable=True):
                break
        await self._worker.run(self._close_store)
        if not interrupted:  # The computer does not wait.
            await driver.journal_writer.compress()
        return True

    async def save_end_alone(self, header: LogHeader) -> None:
        """Note the end, and restore nothing for it, since hosts died of that; retry until the disk accepts it."""
        status = header.exit_status
        code, number = code_and_signal(status) if status is not None else (None, None)
        ended_at = header.exited_at or now()
        self._outcome = Outcome(State.EXITED, code, number, header.end_request, ended_at=ended_at)
        log.error("%d hosts failed to record the end: it is noted alone, without last screen", header.failed_ends)
        waits = iter(RETRY_S)
        wait_s = RETRY_S[0]
        while not await self._worker.run(self._note_end):
            wait_s = next(waits, wait_s)
            await self._wait(wait_s)
        header.exit_saved = True

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

    def _write_end(self, driver: Driver) -> None:
        header = driver.input_log.header
        self._outcome = replace(self._outcome, end_request=header.end_request)
        if not header.failed_ends and (unsaved := driver.events.unsaved()):
            self._write_events(unsaved)
        self._write()
        header.exit_saved = True

    def _write_events(self, events: Sequence[NumberedEvent]) -> None:
        """Write events; if the ledger refuses them, write each alone, so that none stops the others."""
        if self._why_refused(events) is None:
            return
        for each in events:
            refused = self._why_refused([each])
            if refused is not None and (rest := _without_work(each)) is not None:
                log.warning("event %d (%s) is recorded without its work: %s", each.number, kind_of(each.event), refused)
                refused = self._why_refused([rest])
            if refused is not None:
                log.warning("event %d (%s) is not recorded: %s", each.number, kind_of(each.event), refused)

    def _why_refused(self, events: Sequence[NumberedEvent]) -> Exception | None:
        """Write events; returns why the ledger takes none of them, None if it has them.

        Raises:
            OutliveError: the disk or another process is the reason, not the events.
            OSError: likewise.
        """
        try:
            self._add_events(events)
        except StoreRefused as error:
            return error
        except (OutliveError, OSError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one event must not stop the next
            return error
        return None

    def _add_events(self, events: Sequence[NumberedEvent]) -> None:
        try:
            store = self._opened()
            store.ledger.add(self._id, events)
            if (row := store.get(self._id)) is not None and row.outcome.state is State.LOST:
                self._write()  # Another machine with this store, of an earlier version, took this host for dead.
        except (NoSuchSession, StoreCorrupt):
            self._write()
            self._opened().ledger.add(self._id, events)
        except StoreError:
            self._close_store()
            raise

    def _note_end(self) -> bool:
        """Note the end for the next reader of the row; returns whether the disk took it."""
        path = session_unsaved_end(self._id)
        try:
            make_directories(path.parent)
            note_end(path, self._outcome)
        except OSError as error:
            log.warning("the end is not even noted: %s", error)
            return False
        return True

    def _write(self) -> None:
        try:
            self._write_once()
        except StoreCorrupt as error:
            self._close_store()
            log.warning("%s; kept as %s", error, Store.move_damaged(self._path))
            self._write_once()
        except StoreError:
            self._close_store()
            raise

    def _write_once(self) -> None:
        store = self._opened()
        self._save_left_conversation(store)
        try:
            self._update(store)
        except NoSuchSession:
            # The store was lost, and another process created a new one while this session ran.
            store.insert(copies.row(self._path, self._id) or self._spec.facts)
            self._update(store)

    def _opened(self) -> Store:
        if self._store is None:
            self._store = Store.open(self._path)
        return self._store

    def _close_store(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            store.close()

    def _update(self, store: Store) -> None:
        # A topic that the title had before a new host took over is in the store alone.
        learned: dict[str, Any] = {"topic": self.topic} if self.topic != self._spec.facts.entry.topic else {}
        learned["later"] = self._later
        if not self._spec.facts.origin.machine_id:  # Its launcher was of version 0.1.0.
            learned |= {"machine_id": machine_id(), "host_name": host_name(), "pid_namespace": pid_namespace()}
        store.update(self._id, self.left, **columns_of(self._outcome, self._program), **learned)

    def _save_left_conversation(self, store: Store) -> None:
        """Save the id of a conversation that the agent has left for another; the user may look for it."""
        previous = store.get(self._id)
        left, known = previous.program.conversation if previous is not None else "", self._program.conversation
        if left and known and left != known:
            with contextlib.suppress(OSError), session_left_conversations(self._id).open("a") as file:
                file.write(f"{left}\n")


def _without_sign(title: str) -> str:
    """A title without the sign before it, by which agents show their state, such as "✳" or "⠂"."""
    sign, _, rest = title.partition(" ")
    return rest.lstrip() if rest and not any(map(str.isalnum, sign)) else title


def _without_work(numbered: NumberedEvent) -> NumberedEvent | None:
    """The event of a turn without what the turn did; None for one that says nothing of that."""
    event = numbered.event
    if not isinstance(event, TurnEnded | TurnCounted) or event.work is None:
        return None
    return replace(numbered, event=replace(event, work=None))


def _logged(work: Callable[[], None]) -> bool:
    try:
        work()
    except OutliveError as error:
        log.warning("not recorded: %s", error)
        return False
    return True
