"""Makes random sequences of what happens to ended chats, and reports each that their limit removed although it may not.

``python -m tests.benchmarks.limit [--sequences N] [--seed S] [--json]``

Each sequence has a state directory of its own. Its steps use the product's store, files and worktrees, the removals of
a window (off-screen), and in some sequences real hosts. Times go by as the records' times are moved back. The limit is
enforced by commands and by windows, also by several at once; SIGKILL hits some of them at a random moment or call. This
module decides on its own which chats may be removed, and checks after each step that all others are whole, that the
oldest go first and no more than needed, that a removal is complete or has not begun, and at the end that the chats are
within the limit. A sequence is repeated by its seed, as the report prints it: ``--sequences 1 --seed S``.

Exit status: 0; 1 if there was a violation.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import sys
import time
import traceback
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest

from gui.bridge.sessions import Sessions
from gui.bridge.store_thread import StoreThread, open_or_rebuild_store
from gui.settings.layout import SavedPane, SavedWindow, WindowLayout
from session_host.client.chats import removal as removing
from session_host.client.chats import retention
from session_host.client.chats.removal import remove_chat
from session_host.client.chats.retention import check_limit, enforce_limit, note_viewed, removed_log
from session_host.client.sessions.store_access import open_store
from session_host.client.worktrees import make
from session_host.errors import NoSuchSession
from session_host.paths import config_dir, search_index, session_dir, session_journal, session_log, state_dir
from session_host.protocol.values import State
from session_host.storage.journal import Journal, Output
from session_host.storage.search import Search
from session_host.storage.store import SessionRecord, Store
from session_host.system.processes.identity import start_time
from tests.benchmarks import peers
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.report import Report, Verdict, render_json
from tests.support import processes
from tests.support.area import new_area
from tests.support.commands import outlive
from tests.support.repositories import Checkout
from tests.support.waiting import TIMEOUT_S, eventually, wait_for_end

SEQUENCES_A_ROUND = 100
HOUR_S, DAY_S = 3600.0, 86400.0
LIMIT_BYTES = 1024 * 1024
"""The smallest limit."""

ROW_BYTES = 2000
"""More than the copy of a row takes, which this module does not count."""

STEPS = (8, 25)
REAL = 0.08
"""The share of sequences with a real host, and of those with a real worktree."""

INDEXED = 0.15
"""The share of sequences with a search index."""

SHOWN = 30


T = TypeVar("T")


class Violation(Exception):
    """The product did what it must not."""


@dataclass
class Facts:
    """What this module knows of a chat.

    Attributes:
        ended_s: when it ended, in seconds since 1970; None while it runs.
        viewed_s: when the user last viewed it after its end.
        has_work: whether it has a worktree, or its conversation exists nowhere else.
        files: the sizes of its files by their relative paths, without those that may change.
    """

    id: str
    ended_s: float | None
    pinned: bool = False
    is_open: bool = False
    viewed_s: float = 0.0
    has_work: bool = False
    files: dict[str, int] = field(default_factory=dict)

    def may_go(self, now_s: float) -> bool:
        """Whether the limit may remove it."""
        return (
            self.ended_s is not None
            and not (self.pinned or self.is_open or self.has_work)
            and self.ended_s < now_s - DAY_S
            and self.viewed_s < now_s - 7 * DAY_S
        )

    @property
    def size_bytes(self) -> int:
        """The size of its files."""
        return sum(self.files.values())


class Run:
    """One process that a sequence forks: its result, or how it was killed."""

    def __init__(self, work: Callable[[], object], *, kill_at_call: int = 0, kill_after_s: float | None = None) -> None:
        self._reading, writing = os.pipe()
        self._kill_after_s = kill_after_s
        self.pid = os.fork()
        if not self.pid:
            os.close(self._reading)
            _be_child(work, writing, kill_at_call)
        os.close(writing)

    def result(self) -> Any:
        """Wait for its end; returns what the work returned, None if it was killed.

        Raises:
            Violation: the work failed.
        """
        if self._kill_after_s is not None:
            time.sleep(self._kill_after_s)
            os.kill(self.pid, signal.SIGKILL)
        with os.fdopen(self._reading, "rb") as pipe:
            data = pipe.read()
        _, status = os.waitpid(self.pid, 0)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            return None
        if status:
            raise Violation(f"a process failed: {data.decode(errors='replace')}")
        return json.loads(data)


def _be_child(work: Callable[[], object], writing: int, kill_at_call: int) -> None:
    status = 1
    try:
        if kill_at_call:
            _kill_at(kill_at_call)
        data = json.dumps(work()).encode()
        status = 0
    except BaseException:  # noqa: BLE001 - the parent reports it
        data = traceback.format_exc().encode()
    with contextlib.suppress(OSError):
        os.write(writing, data[-60_000:])
    os._exit(status)


def _kill_at(call: int) -> None:
    """Kill this process before the call of this number that changes or lists files, or opens a database."""
    count = 0

    def hook(event: str, _arguments: object) -> None:
        nonlocal count
        if event in {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.utime", "open", "sqlite3.connect"}:
            count += 1
            if count == call:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


# ---------------------------------------------------------------- what runs in the forked processes


def enforce(*, pins: bool = False) -> tuple[list[str], list[str]]:
    """Check the limit as ``outlive new`` does; returns its lines.

    With ``pins``, the user pins one of the chats that are due before they are removed; returns its id, too.
    """
    retention.COMMAND_S = 60.0  # On a busy machine, too, it removes all at once.
    pinned: list[str] = []

    def check_and_pin(store: Store, *, by_window: bool) -> retention.Tidying:
        found = check_limit(store, by_window=by_window)
        if found.due:
            pinned.append(_pin(found.due[0].record.id))
        return found

    if pins:
        retention.check_limit = check_and_pin
    hidden: list[str] = []
    for module, name in ((removing, "finish_removals"), (retention, "assess"), (retention, "remove_by_limit")):
        setattr(module, name, partial(_noting, getattr(module, name), hidden))
    with open_store() as store:
        lines = enforce_limit(store)
    if hidden:
        raise Violation(f"errors that no user sees: {hidden}")
    return lines, pinned


def _noting(call: Callable[..., T], errors: list[str], *arguments: object) -> T:
    """Make a call, and note its error."""
    try:
        return call(*arguments)
    except Exception:
        errors.append(traceback.format_exc())
        raise


def _pin(session_id: str) -> str:
    with open_store() as store:
        store.update(session_id, pinned=True)
    return session_id


def remove(session_id: str) -> object:
    """Remove a chat as ``outlive rm`` does."""
    with open_store() as store:
        if (record := store.get(session_id)) is not None:
            remove_chat(store, record)
    return []


def in_window(script: Callable[[Sessions], Awaitable[object]]) -> object:
    """Run a coroutine function with the chats of a window that opens for it, and closes afterwards."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtWidgets import QApplication

    from gui import loop

    async def main() -> object:
        storage = StoreThread(open_or_rebuild_store)
        sessions = Sessions(storage, _no_viewer)  # type: ignore[arg-type]
        await sessions.refresh_now()
        result = await script(sessions)
        await sessions.close()
        storage.close()
        return result

    application = QApplication(["outlive"])
    return loop.run(application, main(), lambda: None)


def _no_viewer(*_: object) -> None:
    raise AssertionError("no chat is viewed")


async def _remove_in_window(ids: list[str], undone: list[str], closes: bool, sessions: Sessions) -> list[str]:
    """Begin the removal of chats, undo some, and wait for the others, or close the window first."""
    chats = [chat for each in ids if (chat := sessions.get(each)) is not None]
    begun = sessions.removals.begin(chats, undo_ms=10_000 if closes else 5)
    begun_ids = [chat.id for chat in begun]
    sessions.removals.undo([chat for chat in begun if chat.id in undone])
    if not closes:
        removed = [each for each in begun_ids if each not in undone]
        await eventually(lambda: not any(sessions.get(each) for each in removed), TIMEOUT_S, "the removal")
    return begun_ids


async def _tidy_in_window(
    open_ids: set[str], undone_share: float, closes: bool, pins: bool, sessions: Sessions
) -> list[object]:
    """Check the limit, undo some of the removals that it begins, and wait for the others, or close the window first.

    With ``pins``, a command pins the first of the others.
    """
    with open_store() as store:
        warning, due = check_limit(store, by_window=True)
    chats = [chat for each in due if (chat := sessions.get(each.record.id)) and chat.id not in open_ids]
    begun = sessions.removals.begin(chats, undo_ms=10_000 if closes else 5, by_limit=True)
    undone = begun[: round(len(begun) * undone_share)]
    undone_ids = [chat.id for chat in undone]
    removed = [chat.id for chat in begun if chat.id not in undone_ids]
    pinned = [_pin(removed[0])] if removed and pins else []
    sessions.removals.undo(undone)
    if not closes:
        await eventually(
            lambda: not any(sessions.is_hidden(chat) for each in removed if (chat := sessions.get(each))),
            TIMEOUT_S,
            "the removals of the limit",
        )
    return [warning, undone_ids, pinned]


# ---------------------------------------------------------------- a sequence


class Sequence:
    """One random sequence; ``run`` makes its steps and checks after each."""

    def __init__(self, seed: int) -> None:
        self._choose = random.Random(seed)
        self.chats: dict[str, Facts] = {}
        self.log: list[str] = []
        self.counts: Counter[str] = Counter()
        self._warned_s: float | None = None
        self._warned_before_s: float | None = None
        self._has_index = self._choose.random() < INDEXED
        self._real_host = self._choose.random() < REAL
        self._real_worktree = self._choose.random() < REAL
        self._limit_bytes = LIMIT_BYTES
        self._repository: Checkout | None = None
        self._hosts: list[str] = []
        self._newest_s = 0.0
        """When the newest chat was started."""

    def run(self, root: Path) -> None:
        """Make the sequence.

        Raises:
            Violation: the product did what it must not.
        """
        self._root = root
        self._set_limit(1)
        ages_h = sorted((self._choose.uniform(0, 60 * 24) for _ in range(self._choose.randrange(3, 20))), reverse=True)
        for age_h in ages_h:
            self._new(age_h)
        steps: dict[Callable[[], None], int] = {
            self._new_step: 5, self._end: 3, self._pass_time: 5, self._pin: 4, self._open_some: 3, self._view: 3,
            self._worktree: 2, self._remove: 2, self._remove_killed: 3, self._window: 2, self._window_tidies: 3,
            self._enforce: 5, self._enforce_killed: 6, self._enforce_several: 4, self._change_limit: 1, self._draft: 1,
        }  # fmt: skip
        for _ in range(self._choose.randrange(*STEPS)):
            (step,) = self._choose.choices(list(steps), list(steps.values()))
            self._do(step)
        self._do(self._finish)

    def _do(self, step: Callable[[], None]) -> None:
        name = step.__name__.strip("_")
        self.counts[name] += 1
        self.log.append(name)
        self._warned_before_s = self._warned_s
        step()
        self._check_others_are_whole()

    # ------------------------------------------------------------ facts

    def _some(self, *, ended: bool = True) -> Facts | None:
        found = [chat for chat in self.chats.values() if (chat.ended_s is not None) == ended]
        return self._choose.choice(found) if found else None

    def _may_go(self, now_s: float | None = None) -> list[Facts]:
        """The chats that the limit may remove now, the one that ended first in front."""
        found = [chat for chat in self.chats.values() if chat.may_go(now_s or time.time())]
        return sorted(found, key=lambda chat: chat.ended_s or 0)

    def _new(self, age_h: float = 0.0, *, running: bool = False, **fields: object) -> Facts:
        began_s = self._newest_s = max(round(time.time() - age_h * HOUR_S, 3), self._newest_s)
        session_id = str(uuid.UUID(int=self._choose.getrandbits(128), version=4))
        record = SessionRecord(
            id=session_id, name=f"chat {len(self.chats)}", agent=self._choose.choice(["shell", "claude", "codex"]),
            argv=["cat"], cwd=str(self._root),
            state=State.RUNNING if running else State.EXITED, created_at=_time(began_s),
            ended_at=None if running else _time(began_s),
        )  # fmt: skip
        if running:
            record.host_pid, record.host_started = os.getpid(), start_time(os.getpid())
        for name, value in fields.items():
            setattr(record, name, value)
        chat = Facts(session_id, None if running else began_s)
        chat.has_work = record.worktree is not None or record.agent == "endpoint"
        session_dir(session_id).mkdir(parents=True, mode=0o700)
        with open_store() as store:
            store.insert(record)
        with Journal.open(session_journal(session_id)) as journal:
            text = f"{self._choose.getrandbits(64):x} words of a chat\r\n" * self._choose.randrange(1, 200)
            journal.append([Output(time.time_ns(), 0, text.encode())])
        # Of the large files, only the size counts.
        with (session_dir(session_id) / "history.bin").open("wb") as file:
            file.truncate(self._choose.randrange(1000, 300_000))
        session_log(session_id).parent.mkdir(exist_ok=True)
        session_log(session_id).write_text("started\n")
        chat.files = _files(session_id)
        self.chats[session_id] = chat
        if self._has_index:
            with Search() as search:
                search.update([session_id])
        return chat

    def _update(self, chat: Facts, **fields: object) -> None:
        with open_store() as store:
            store.update(chat.id, **fields)

    def _set_limit(self, mib: int) -> None:
        self._limit_bytes = mib * 1024 * 1024
        (config_dir() / "chats.toml").write_text(f"ended_limit_mib = {mib}\n")

    # ------------------------------------------------------------ steps

    def _new_step(self) -> None:
        kind = self._choose.randrange(6)
        if kind == 0:
            self._new(running=True)
        elif kind == 1:
            self._new(agent="endpoint", provider_session_id=str(uuid.uuid4()))
        elif kind != 5 and self._real_host:
            self.counts["real hosts"] += 1
            (state_dir() / "limit-checked").touch()  # Other steps check the limit.
            done = outlive("new", "-d", "--json", "--", "cat")
            session_id = done.json()["id"]
            self._hosts.append(session_id)
            self.chats[session_id] = Facts(session_id, None)
        else:
            self._new()

    def _end(self) -> None:
        if (chat := self._some(ended=False)) is None:
            return
        if chat.id in self._hosts:
            outlive("stop", chat.id)
            self._hosts.remove(chat.id)
            with open_store() as store:
                record = store.get(chat.id)
            if record is None or record.host_pid is None:
                raise Violation("a chat that was stopped is gone")
            wait_for_end(record.host_pid, TIMEOUT_S)
            chat.files = _files(chat.id)
        else:
            self._update(chat, state=State.EXITED, ended_at=_time(time.time()))
        chat.ended_s = time.time()

    def _pass_time(self) -> None:
        """Move all times back."""
        self._shift(self._choose.choice([0.5, 2, 12, 25, 25, 49, 24 * 8]) * HOUR_S)

    def _shift(self, by_s: float) -> None:
        with open_store() as store:
            for record in store.all():
                moved = {"created_at": _time(_seconds(record.created_at) - by_s)}
                if record.ended_at is not None:
                    moved["ended_at"] = _time(_seconds(record.ended_at) - by_s)
                store.update(record.id, **moved)
        for mark in [*state_dir().glob("limit-*"), *(session_dir(each) / "viewed" for each in self.chats)]:
            with contextlib.suppress(FileNotFoundError):
                at_s = mark.stat().st_mtime - by_s
                os.utime(mark, (at_s, at_s))
        for chat in self.chats.values():
            chat.ended_s = chat.ended_s and chat.ended_s - by_s
            chat.viewed_s -= by_s
        self._newest_s -= by_s
        self._warned_s = self._warned_s and self._warned_s - by_s

    def _pin(self) -> None:
        if (chat := self._some()) is not None:
            chat.pinned = self._choose.random() < 0.7
            self._update(chat, pinned=chat.pinned)

    def _open_some(self) -> None:
        for chat in self.chats.values():
            chat.is_open = self._choose.random() < 0.15
        self._save_layout()

    def _draft(self) -> None:
        """An unsent prompt is work, too."""
        if (chat := self._some()) is not None:
            chat.is_open = True
            self._save_layout(drafts={chat.id: "unsent"})

    def _save_layout(self, drafts: dict[str, str] | None = None) -> None:
        open_ids = [chat.id for chat in self.chats.values() if chat.is_open and chat.id not in (drafts or {})]
        layout = WindowLayout(windows=[SavedWindow(panes=[SavedPane(tabs=open_ids)])], drafts=drafts or {})
        # Chats that were shown are not open.
        layout.recent = list(self.chats)
        with open_store() as store:
            store.save_layout(layout.to_dict())

    def _view(self) -> None:
        if (chat := self._some()) is not None:
            note_viewed(chat.id)
            chat.viewed_s = time.time()

    def _worktree(self) -> None:
        if self._real_worktree:
            self._repository = self._repository or Checkout.new(self._root / "repository")
            made = make(str(self._repository.path), None, f"chat {len(self.chats)}")
            if self._choose.random() < 0.5:
                (Path(made.path) / "unsaved").write_text("work\n")
            chat = self._new(
                worktree=made.path, repository=made.repository, branch=made.branch,
                branch_made=made.branch_made, cwd=made.directory,
            )  # fmt: skip
        else:
            chat = self._new(worktree=str(self._root / "home"))
        chat.has_work = True

    def _remove(self) -> None:
        """The user removes a chat."""
        if (chat := self._some()) is not None:
            Run(partial(remove, chat.id)).result()
            self._check_gone(chat)

    def _remove_killed(self) -> None:
        """The user's removal is killed: the chat is whole, or gone after the next check."""
        if (chat := self._some()) is not None:
            Run(partial(remove, chat.id), **self._kill(40)).result()
            self._check_killed_removal([chat])

    def _check_killed_removal(self, chats: Iterable[Facts]) -> None:
        self._check_half_removed(chats)
        present = self._present()
        for chat in chats:
            if chat.id not in present:
                del self.chats[chat.id]

    def _kill(self, calls: int) -> dict[str, Any]:
        if self._choose.random() < 0.7:
            return {"kill_at_call": self._choose.randrange(1, calls)}
        return {"kill_after_s": self._choose.uniform(0, 0.03)}

    def _window(self) -> None:
        """The user removes chats in the window, and undoes some."""
        ids = [chat.id for chat in self.chats.values() if chat.ended_s is not None and self._choose.random() < 0.3]
        undone = [each for each in ids if self._choose.random() < 0.5]
        closes = self._choose.random() < 0.4
        kill_after_s = self._choose.uniform(0.05, 0.3) if self._choose.random() < 0.3 else None
        run = Run(partial(in_window, partial(_remove_in_window, ids, undone, closes)), kill_after_s=kill_after_s)
        begun = run.result()
        if begun is None:
            self._check_killed_removal([self.chats[each] for each in ids if each not in undone])
            return
        if sorted(begun) != sorted(ids):
            raise Violation(f"the window removes {begun} of {ids}")
        for each in set(ids) - set(undone):
            self._check_gone(self.chats[each])

    def _window_tidies(self) -> None:
        """A window checks the limit; the user undoes some of the removals, pins a chat meanwhile, or closes it."""
        before = self._may_go()
        closes = self._choose.random() < 0.3
        share = self._choose.choice([0, 0, 0.5, 1])
        open_ids = {chat.id for chat in self.chats.values() if chat.is_open}
        kill_after_s = self._choose.uniform(0.05, 0.3) if self._choose.random() < 0.3 else None
        is_warned = self._is_warned()
        pins = kill_after_s is None and self._choose.random() < 0.3
        script = partial(_tidy_in_window, open_ids, share, closes, pins)
        run = Run(partial(in_window, script), kill_after_s=kill_after_s)
        pinned = self._pin_meanwhile(before)
        result = run.result()
        if result is None:
            self._note_mark()
            self._note_viewed_marks()
            self._check_removed(before, whole=False, kept=set(pinned))
            return
        warning, undone, pinned_within = result
        pinned += self._note_pinned(pinned_within)
        self._note_lines([warning])
        for each in undone:
            self.chats[each].viewed_s = time.time()
        full = is_warned and not undone and not pinned
        self._check_removed([] if closes else before, kept={*undone, *pinned}, full=full and not closes)

    def _pin_meanwhile(self, candidates: list[Facts]) -> list[str]:
        """Pin one of the chats that are just being removed, sometimes; returns its id unless it was gone already."""
        if not candidates or self._choose.random() < 0.5:
            return []
        chat = self._choose.choice(candidates[:3])
        time.sleep(self._choose.uniform(0, 0.05))
        try:
            self._update(chat, pinned=True)
        except NoSuchSession:
            return []
        return self._note_pinned([chat.id])

    def _note_pinned(self, ids: list[str]) -> list[str]:
        for each in ids:
            self.chats[each].pinned = True
        return ids

    def _enforce(self) -> None:
        """A command checks the limit."""
        before = self._may_go()
        is_due = self._make_due()
        is_warned = self._is_warned()
        lines, pinned = Run(partial(enforce, pins=self._choose.random() < 0.3)).result()
        self._note_lines(lines)
        self._check_removed(before, kept=self._note_pinned(pinned), full=is_due and is_warned and not pinned)

    def _is_warned(self) -> bool:
        return self._warned_s is not None and self._warned_s < time.time() - DAY_S - 60

    def _make_due(self) -> bool:
        """Let the next command check the limit, usually."""
        is_due = self._choose.random() < 0.8
        if is_due:
            (state_dir() / "limit-checked").unlink(missing_ok=True)
        return is_due

    def _note_lines(self, lines: list[str] | None) -> None:
        if any("ended chats take" in line for line in lines or []):
            self._warned_s = time.time()
        self._note_mark()

    def _note_mark(self) -> None:
        """The mark of the warning; a process that was killed may have made it, and no warning was seen."""
        try:
            marked_s = (state_dir() / "limit-warned").stat().st_mtime
        except FileNotFoundError:
            self._warned_s = None
        else:
            self._warned_s = self._warned_s or marked_s

    def _note_viewed_marks(self) -> None:
        """The marks of chats that were viewed: a window that was killed may have kept some from the limit before."""
        for chat in self.chats.values():
            with contextlib.suppress(FileNotFoundError):
                chat.viewed_s = (session_dir(chat.id) / "viewed").stat().st_mtime

    def _enforce_killed(self) -> None:
        """A command that checks the limit is killed."""
        before = self._may_go()
        self._make_due()
        Run(enforce, **self._kill(120)).result()
        self._note_mark()
        self._check_removed(before, whole=False)

    def _enforce_several(self) -> None:
        """Several processes check the limit at once, one of them may be killed, and the user pins a chat meanwhile."""
        before = self._may_go()
        self._make_due()
        runs = []
        for number in range(self._choose.randrange(2, 4)):
            (state_dir() / "limit-checked").unlink(missing_ok=True)
            kill = self._kill(120) if not number and self._choose.random() < 0.5 else {}
            runs.append(Run(_enforce_now, **kill))
        pinned = self._pin_meanwhile(before)
        for run in runs:
            lines, _ = run.result() or ([], [])
            self._note_lines(lines)
        self._check_removed(before, whole=False, kept=set(pinned))

    def _change_limit(self) -> None:
        self._set_limit(self._choose.choice([1, 1, 1, 2, 3]))

    def _finish(self) -> None:
        """After some days without a window, the limit is met."""
        for chat in list(self.chats.values()):
            if chat.ended_s is None:
                self._end()
        self._real_host = False
        for _ in range(4):
            self._shift(9 * DAY_S)
            before, self._warned_before_s = self._may_go(), self._warned_s
            (state_dir() / "limit-checked").unlink(missing_ok=True)
            # If there is a window, only it warns.
            open_ids = {chat.id for chat in self.chats.values() if chat.is_open}
            script = partial(_tidy_in_window, open_ids, 0, False, False)
            warning, *_ = Run(partial(in_window, script)).result() if self._has_layout() else ("",)
            self._note_lines([warning, *Run(enforce).result()[0]])
            self._check_removed(before)
        left_bytes = sum(chat.size_bytes for chat in self._may_go())
        if left_bytes > self._limit_bytes:
            raise Violation(f"{left_bytes} bytes stay that could be removed; the limit is {self._limit_bytes}")
        self._check_leftovers()

    def _has_layout(self) -> bool:
        with open_store() as store:
            return bool(store.layout())

    # ------------------------------------------------------------ checks

    def _check_removed(
        self, before: list[Facts], *, whole: bool = True, kept: Collection[str] = (), full: bool = False
    ) -> None:
        """Check what a check of the limit has removed.

        Args:
            before: the chats that it could remove, the oldest first.
            whole: it was not killed.
            kept: chats that must stay, since the user pinned them or undid their removal meanwhile.
            full: whether it must have met the limit.
        """
        if not whole:
            self._check_half_removed(before)
        present = self._present()
        gone = [chat for chat in self.chats.values() if chat.id not in present]
        if not gone:
            if full and (sum(chat.size_bytes for chat in before) > self._limit_bytes):
                raise Violation(f"nothing was removed, and the chats exceed the limit; {_marks()}")
            return
        if wrong := [chat for chat in gone if chat not in before]:
            raise Violation(f"removed, though it was meant to stay: {wrong}")
        if wrong := [chat for chat in gone if chat.id in kept]:
            raise Violation(f"removed, though the user kept it: {wrong}")
        if self._warned_before_s is None or self._warned_before_s > time.time() - DAY_S + 60:
            raise Violation(f"removed a day before the warning, or without one: {gone}")
        if not kept and {chat.id for chat in gone} != {chat.id for chat in before[: len(gone)]}:
            raise Violation("a chat was removed before an older one")
        logged = removed_log().read_text()
        if silent := [chat for chat in gone if chat.id[:8] not in logged]:
            raise Violation(f"removed without a line in the log: {silent}")
        left_bytes = sum(chat.size_bytes for chat in before if chat not in gone)
        uncounted_bytes = len(before) * ROW_BYTES + (search_index().stat().st_size if search_index().exists() else 0)
        last = max(gone, key=lambda chat: chat.ended_s or 0)
        if not kept and left_bytes + last.size_bytes + uncounted_bytes <= self._limit_bytes:
            raise Violation(f"removed more than needed: {left_bytes} bytes are left of {self._limit_bytes}")
        if full and left_bytes > self._limit_bytes:
            raise Violation(f"{left_bytes} bytes are left, the limit is {self._limit_bytes}")
        self.counts["removed by the limit"] += len(gone)
        for chat in gone:
            self._check_gone(chat)

    def _present(self) -> set[str]:
        with open_store() as store:
            return {record.id for record in store.all()}

    def _check_gone(self, chat: Facts) -> None:
        with open_store() as store:
            if store.get(chat.id) is not None:
                raise Violation(f"a removed chat is still in the store: {chat}")
        self._check_files_are_gone(chat)
        del self.chats[chat.id]

    def _check_files_are_gone(self, chat: Facts) -> None:
        if session_dir(chat.id).exists() or session_log(chat.id).exists():
            raise Violation(f"files of a removed chat are left: {chat}")

    def _check_half_removed(self, chats: Iterable[Facts]) -> None:
        """Check that after a kill, and after the next command that checks the limit, each chat is whole or gone."""
        (state_dir() / "limit-checked").touch()  # It finishes what was begun, and begins nothing.
        Run(enforce).result()
        present = self._present()
        for chat in chats:
            if chat.id in present and _files(chat.id) != chat.files:
                raise Violation(f"half removed: {chat}, left are {_files(chat.id)}")
            if chat.id not in present:
                self._check_files_are_gone(chat)

    def _check_others_are_whole(self) -> None:
        present = self._present()
        for chat in self.chats.values():
            if chat.id in self._hosts:
                continue
            if chat.id not in present:
                raise Violation(f"gone: {chat}")
            if (found := _files(chat.id)) != chat.files:
                raise Violation(f"damaged: {chat}, has {found}")

    def _check_leftovers(self) -> None:
        left = {path.name for path in (state_dir() / "sessions").glob("*-*")} - self.chats.keys()
        left |= {path.name for path in (state_dir() / "sessions").glob(".*/*")}
        left |= {path.stem for path in (state_dir() / "logs").glob("????????-*.log")} - self.chats.keys()
        if left:
            raise Violation(f"files of chats that are gone are left: {left}")


def _enforce_now() -> object:
    (state_dir() / "limit-checked").unlink(missing_ok=True)
    return enforce()


def _files(session_id: str) -> dict[str, int]:
    """The sizes of a chat's files by their paths, without the copy of its row and the mark that it was viewed."""
    directory = session_dir(session_id)
    found = [path for path in directory.rglob("*") if path.is_file()]
    others = {"record.json", "viewed"}
    return {str(path.relative_to(directory)): path.stat().st_size for path in found if path.name not in others}


def _marks() -> str:
    marks = {
        path.name: f"{(time.time() - path.stat().st_mtime) / HOUR_S:.2f} h" for path in state_dir().glob("limit-*")
    }
    return f"marks: {marks}"


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


# ---------------------------------------------------------------- the run


@dataclass
class Outcome:
    """The results of several sequences."""

    counts: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


def run(bench: BenchmarkEnvironment) -> Report:
    """Make ``SEQUENCES_A_ROUND`` sequences for each round; for ``python -m tests.benchmarks``."""
    seed = random.SystemRandom().randrange(1_000_000_000)
    return make_report(torture(bench.rounds * SEQUENCES_A_ROUND, seed), bench.rounds * SEQUENCES_A_ROUND, seed)


def torture(sequences: int, seed: int, processes_at_once: int = 2) -> Outcome:
    """Make sequences, each with the next seed."""
    shares = [range(seed + first, seed + sequences, processes_at_once) for first in range(processes_at_once)]
    outcome = Outcome()
    for each in [Run(partial(_make_sequences, list(share))) for share in shares if share]:
        counts, violations = each.result()
        outcome.counts.update(counts)
        outcome.violations += violations
    return outcome


def _make_sequences(seeds: list[int]) -> tuple[dict[str, int], list[str]]:
    counts: Counter[str] = Counter()
    violations = []
    for seed in seeds:
        with new_area() as area, pytest.MonkeyPatch.context() as patch:
            area.enter(patch)
            sequence = Sequence(seed)
            try:
                sequence.run(area.root)
            except Exception as error:  # noqa: BLE001 - each one is reported
                what = str(error) if isinstance(error, Violation) else traceback.format_exc()
                violations.append(f"seed {seed}: {', '.join(sequence.log)}: {what}")
            finally:
                if sequence.counts["real hosts"]:
                    processes.end_product(partial(processes.with_environment, "OUTLIVE_RUNTIME_DIR", str(area.runtime)))
        counts.update(sequence.counts)
    return counts, violations


def make_report(outcome: Outcome, sequences: int, seed: int) -> Report:
    """Make the report of an outcome."""
    report = Report("limit", f"{sequences} sequences, seeds from {seed}")
    report.verdicts = [Verdict("violations", len(outcome.violations), "", 0, False)]
    report.notes = [f"{what}: {count:,}" for what, count in outcome.counts.most_common()]
    report.notes += [f"VIOLATION {each}" for each in outcome.violations[:SHOWN]]
    return report


def main() -> int:
    """Make the sequences that the command line describes; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.limit", description=__doc__.splitlines()[0])
    parser.add_argument("--sequences", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=None, help="the first sequence's seed")
    parser.add_argument("--at-once", type=int, default=2, help="how many sequences are made at the same time (2)")
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(1_000_000_000) if options.seed is None else options.seed
    print(f"seed {seed}", file=sys.stderr, flush=True)
    outcome = torture(options.sequences, seed, options.at_once)
    report = make_report(outcome, options.sequences, seed)
    print(render_json(peers.machine(), [report]) if options.json else report.as_text())
    return 1 if outcome.violations else 0


if __name__ == "__main__":
    sys.exit(main())
