"""Random sequences of what happens to ended chats: their limit removes nothing that was meant to stay.

The chats are records and files; times go by as these are moved back. Commands and windows, also several at once, check
the limit and carry out the user's removals; SIGKILL hits some of them at a random call or moment. ``Sequence`` decides
on its own which chats may go, and checks after each step that all others are whole, that the oldest go first and no
more than needed, and that a removal is complete or has not begun.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
import traceback
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gui.bridge.sessions import Sessions
from gui.bridge.store_thread import StoreThread, open_or_rebuild_store
from gui.settings.layout import SavedPane, SavedWindow, WindowLayout
from session_host.client.chats import retention
from session_host.client.chats.removal import remove_chat
from session_host.client.chats.retention import check_limit, enforce_limit, note_viewed, removed_log
from session_host.client.sessions.store_access import open_store
from session_host.errors import NoSuchSession
from session_host.paths import config_dir, session_dir, session_journal, session_log, state_dir
from session_host.protocol.values import State
from session_host.storage.journal import Journal, Output
from session_host.system.processes.identity import start_time
from tests.support.area import new_area
from tests.support.commands import REPOSITORY, environment
from tests.support.facts import changed, chat_facts
from tests.support.fuzzing import chance, times
from tests.support.waiting import TIMEOUT_S, eventually

SEQUENCES = 2
HOUR_S, DAY_S = 3600.0, 86400.0
ROW_BYTES = 2000
"""More than the copy of a chat's row takes, which ``Facts`` does not count."""

KILL_CALLS = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.utime", "open", "sqlite3.connect"}


@pytest.mark.slow
@pytest.mark.usefixtures("area")
def test_the_limit_of_ended_chats_removes_nothing_that_was_meant_to_stay() -> None:
    with chance() as choose:
        # A process of its own, since the sequences fork, and this one may have threads and a window.
        seeds = [str(choose.randrange(1_000_000)) for _ in range(times(SEQUENCES))]
        command = [sys.executable, "-m", "tests.integration.test_limit_at_random", *seeds]
        done = subprocess.run(
            command, cwd=REPOSITORY, env=environment(), capture_output=True, text=True, check=False, timeout=None
        )
        assert done.returncode == 0, done.stdout + done.stderr


@dataclass
class Facts:
    """A chat: when it ended and was viewed (seconds since 1970), what keeps it, and the sizes of its files by path."""

    id: str
    ended_s: float | None
    has_work: bool = False
    """Whether it has a worktree, or its conversation exists nowhere else."""
    pinned: bool = False
    is_open: bool = False
    viewed_s: float = 0.0
    files: dict[str, int] = field(default_factory=dict)

    def may_go(self) -> bool:
        """Whether the limit may remove it."""
        now_s = time.time()
        is_kept = self.pinned or self.is_open or self.has_work
        return (
            self.ended_s is not None
            and not is_kept
            and self.ended_s < now_s - DAY_S
            and self.viewed_s < now_s - 7 * DAY_S
        )

    @property
    def size_bytes(self) -> int:
        return sum(self.files.values())


# ---------------------------------------------------------------- processes


class Run:
    """Work in a forked process, which may be killed before a call that changes files, or after some time."""

    def __init__(self, work: Callable[[], object], *, kill_at_call: int = 0, kill_after_s: float | None = None) -> None:
        self._reading, writing = os.pipe()
        self._kill_after_s = kill_after_s
        self._pid = os.fork()
        if not self._pid:
            _be_child(work, writing, kill_at_call)
        os.close(writing)

    def result(self) -> Any:
        """Wait for the end; returns what the work returned, None if it was killed."""
        if self._kill_after_s is not None:
            time.sleep(self._kill_after_s)
            os.kill(self._pid, signal.SIGKILL)
        with os.fdopen(self._reading, "rb") as pipe:
            data = pipe.read()
        status = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        assert status in {0, -signal.SIGKILL}, f"a process failed: {data.decode(errors='replace')}"
        return None if status else json.loads(data)


def _be_child(work: Callable[[], object], writing: int, kill_at_call: int) -> None:
    count = 0

    def hook(event: str, _arguments: object) -> None:
        nonlocal count
        if event in KILL_CALLS:
            count += 1
            if count == kill_at_call:
                os.kill(os.getpid(), signal.SIGKILL)

    status = 1
    try:
        if kill_at_call:
            sys.addaudithook(hook)
        data = json.dumps(work()).encode()
        status = 0
    except BaseException:  # noqa: BLE001 - the parent reports it
        data = traceback.format_exc().encode()
    with contextlib.suppress(OSError):
        os.write(writing, data[-60_000:])
    os._exit(status)


def enforce() -> list[str]:
    """Check the limit as a command does; returns its lines."""
    retention.COMMAND_S = TIMEOUT_S  # On a busy machine, too, it removes all at once.
    (state_dir() / "limit-checked").unlink(missing_ok=True)
    with open_store() as store:
        return enforce_limit(store)


def finish_removals() -> list[str]:
    """Finish the removals that a killed process began, as the next command does, and begin none."""
    (state_dir() / "limit-checked").touch()
    with open_store() as store:
        return enforce_limit(store)


def remove(session_id: str) -> None:
    """Remove a chat as ``outlive rm`` does."""
    with open_store() as store:
        if (record := store.get(session_id)) is not None:
            remove_chat(store, record)


def in_window(ids: list[str] | None, kept: list[str], undone_share: float, closes: bool) -> object:
    """Remove these chats in a window, or those beyond the limit except ``kept``; undo some; returns what happened.

    The window waits for the removals, or closes before they begin.
    """
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtWidgets import QApplication

    from gui import loop

    async def main() -> tuple[str, list[str], list[str]]:
        storage = StoreThread(open_or_rebuild_store)
        sessions = Sessions(storage, _no_viewer)  # type: ignore[arg-type]
        await sessions.machines.here.refresh_now()
        warning, wanted = "", ids
        if wanted is None:
            with open_store() as store:
                warning, due = check_limit(store, by_window=True)
            wanted = [each.record.id for each in due if each.record.id not in kept]
        found = [chat for each in wanted if (chat := sessions.chats.get(each)) is not None]
        begun = sessions.removals.begin(found, undo_ms=10_000 if closes else 5, by_limit=ids is None)
        undone, removed = [], [chat.id for chat in begun]
        for chat in begun[: round(len(begun) * undone_share)]:
            undone.append(chat.id)
            removed.remove(chat.id)
        sessions.removals.undo([chat for chat in begun if chat.id in undone])
        if not closes:
            left = [chat for chat in begun if chat.id in removed]
            await eventually(lambda: not any(map(sessions.listed.is_hidden, left)), TIMEOUT_S, "the removals")
        await sessions.close()
        storage.close()
        return warning, removed, undone

    return loop.run(QApplication(["outlive"]), main(), lambda: None)


def _no_viewer(*_: object) -> None:
    raise AssertionError("no chat is viewed")


# ---------------------------------------------------------------- a sequence


class Sequence:
    """One random sequence; ``run`` makes its steps, and checks after each."""

    def __init__(self, seed: int) -> None:
        self._choose = random.Random(seed)
        self.log: list[str] = []
        self.chats: dict[str, Facts] = {}
        self._warned_s: float | None = None
        self._warned_before_s: float | None = None
        self._newest_s = 0.0
        self._limit_bytes = 0

    def run(self) -> None:
        """Make the sequence."""
        self._change_limit(1)
        for age_h in sorted(
            (self._choose.uniform(0, 60 * 24) for _ in range(self._choose.randrange(3, 20))), reverse=True
        ):
            self._add(age_h)
        steps: dict[Callable[[], None], int] = {
            self._new: 7,
            self._end: 3,
            self._pass_time: 5,
            self._pin: 4,
            self._open_some: 4,
            self._view: 3,
            self._remove: 5,
            self._remove_in_window: 2,
            self._window_checks: 3,
            self._enforce: 5,
            self._enforce_killed: 6,
            self._enforce_several: 4,
            self._change_limit: 1,
        }
        for _ in range(self._choose.randrange(8, 25)):
            (step,) = self._choose.choices(list(steps), list(steps.values()))
            self._do(step)
        self._do(self._finish)

    def _do(self, step: Callable[[], None]) -> None:
        self.log.append(step.__name__.strip("_"))
        self._warned_before_s = self._warned_s
        step()
        self._check_others_are_whole()

    def _some(self, *, ended: bool = True) -> Facts | None:
        found = [chat for chat in self.chats.values() if (chat.ended_s is not None) == ended]
        return self._choose.choice(found) if found else None

    def _may_go(self) -> list[Facts]:
        """The chats that the limit may remove now, the one that ended first in front."""
        found = [chat for chat in self.chats.values() if chat.may_go()]
        return sorted(found, key=lambda chat: chat.ended_s or 0)

    # ------------------------------------------------------------ steps of the user

    def _add(self, age_h: float = 0.0, *, running: bool = False, **fields: Any) -> None:
        began_s = self._newest_s = max(round(time.time() - age_h * HOUR_S, 3), self._newest_s)
        record = chat_facts(
            id=str(uuid.UUID(int=self._choose.getrandbits(128), version=4)),
            name=f"chat {len(self.chats)}",
            argv=["cat"],
            cwd="/",
            state=State.RUNNING if running else State.EXITED,
            created_at=_time(began_s),
            ended_at=None if running else _time(began_s),
            **{"agent": "shell", **fields},
        )
        if running:
            record = changed(record, host_pid=os.getpid(), host_started=start_time(os.getpid()))
        session_dir(record.id).mkdir(parents=True, mode=0o700)
        with open_store() as store:
            store.insert(record)
        with Journal.open(session_journal(record.id)) as journal:
            journal.append([Output(time.time_ns(), 0, b"words of a chat\r\n" * self._choose.randrange(1, 200))])
        # Of the large file, only the size counts.
        with (session_dir(record.id) / "history.bin").open("wb") as file:
            file.truncate(self._choose.randrange(1000, 300_000))
        session_log(record.id).parent.mkdir(exist_ok=True)
        session_log(record.id).write_text("started\n")
        has_work = bool(fields)
        self.chats[record.id] = Facts(record.id, None if running else began_s, has_work, files=_files(record.id))

    def _new(self) -> None:
        """A chat that runs, has ended, or is work: its conversation exists nowhere else, or it has a worktree."""
        kind = self._choose.choice(["running", "endpoint", "worktree", "worktree", "", "", "", ""])
        works: dict[str, dict[str, Any]] = {
            "endpoint": {"agent": "endpoint"},
            "worktree": {"worktree": str(Path.home())},
        }
        self._add(running=kind == "running", **works.get(kind, {}))

    def _end(self) -> None:
        if (chat := self._some(ended=False)) is not None:
            chat.ended_s = time.time()
            self._update(chat, state=State.EXITED, ended_at=_time(chat.ended_s))

    def _update(self, chat: Facts, **fields: object) -> None:
        with open_store() as store:
            store.update(chat.id, **fields)

    def _pass_time(self, by_s: float = 0.0) -> None:
        """Move all times back."""
        by_s = by_s or self._choose.choice([0.5, 2, 12, 25, 25, 49, 24 * 8]) * HOUR_S
        with open_store() as store:
            for record in store.all():
                moved = {"created_at": record.origin.created_at} | (
                    {"ended_at": record.outcome.ended_at} if record.outcome.ended_at else {}
                )
                earlier = {name: _time(datetime.fromisoformat(each).timestamp() - by_s) for name, each in moved.items()}
                store.update(record.id, **earlier)
        for mark in [*state_dir().glob("limit-*"), *(session_dir(each) / "viewed" for each in self.chats)]:
            with contextlib.suppress(FileNotFoundError):
                os.utime(mark, (mark.stat().st_mtime - by_s,) * 2)
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
        """Some chats have a tab, and one may have an unsent prompt; those that were shown before do not count."""
        for chat in self.chats.values():
            chat.is_open = self._choose.random() < 0.15
        tabs = [chat.id for chat in self.chats.values() if chat.is_open]
        drafts = {tabs.pop(): "unsent"} if tabs and self._choose.random() < 0.3 else {}
        layout = WindowLayout(windows=[SavedWindow(panes=[SavedPane(tabs=tabs)])], drafts=drafts)
        layout.recent = list(self.chats)
        with open_store() as store:
            store.save_layout(layout.to_dict())

    def _view(self) -> None:
        if (chat := self._some()) is not None:
            note_viewed(chat.id)
            chat.viewed_s = time.time()

    def _change_limit(self, mib: int = 0) -> None:
        mib = mib or self._choose.choice([1, 1, 1, 2, 3])
        self._limit_bytes = mib * 1024 * 1024
        (config_dir() / "chats.toml").write_text(f"ended_limit_mib = {mib}\n")

    def _remove(self) -> None:
        """The user removes a chat; the command may be killed."""
        if (chat := self._some()) is None:
            return
        kill = self._kill(40) if self._choose.random() < 0.6 else {}
        is_killed = Run(partial(remove, chat.id), **kill).result() is None and bool(kill)
        self._check_removed_by_user([chat.id], is_complete=not is_killed)

    def _remove_in_window(self) -> None:
        """The user removes chats in the window, and undoes some; the window may be killed."""
        ids = [chat.id for chat in self.chats.values() if chat.ended_s is not None and self._choose.random() < 0.3]
        share, closes = self._choose.choice([0, 0.5]), self._choose.random() < 0.3
        work = partial(in_window, ids, [], share, closes)
        result = Run(work, kill_after_s=self._choose.choice([None, None, self._choose.uniform(0.05, 0.3)])).result()
        self._check_removed_by_user(ids if result is None else result[1], is_complete=result is not None)

    # ------------------------------------------------------------ checks of the limit

    def _kill(self, calls: int) -> dict[str, Any]:
        if self._choose.random() < 0.7:
            return {"kill_at_call": self._choose.randrange(1, calls)}
        return {"kill_after_s": self._choose.uniform(0, 0.03)}

    def _enforce(self) -> None:
        """A command checks the limit."""
        before, is_warned = self._may_go(), self._is_warned()
        self._note_warning(Run(enforce).result())
        self._check_removed(before, must_meet=is_warned)

    def _enforce_killed(self) -> None:
        before = self._may_go()
        Run(enforce, **self._kill(120)).result()
        self._note_warning([])
        self._check_half_removed(before)
        self._check_removed(before)

    def _enforce_several(self) -> None:
        """Several processes check the limit at once, one may be killed, and the user pins a chat meanwhile."""
        before = self._may_go()
        kills = [self._kill(120) if self._choose.random() < 0.5 else {}, *[{}] * self._choose.randrange(1, 3)]
        runs = [Run(enforce, **kill) for kill in kills]
        pinned = self._pin_meanwhile(before)
        for run in runs:
            self._note_warning(run.result() or [])
        self._check_half_removed(before)
        self._check_removed(before, kept=pinned)

    def _window_checks(self) -> None:
        """A window checks the limit; the user undoes some of the removals, pins a chat meanwhile, or kills it."""
        before, is_warned = self._may_go(), self._is_warned()
        closes, share = self._choose.random() < 0.3, self._choose.choice([0, 0, 0.5, 1])
        open_ids = [chat.id for chat in self.chats.values() if chat.is_open]
        kill_after_s = self._choose.uniform(0.05, 0.3) if self._choose.random() < 0.3 else None
        run = Run(partial(in_window, None, open_ids, share, closes), kill_after_s=kill_after_s)
        kept = self._pin_meanwhile(before)
        result = run.result()
        if result is None:
            self._note_warning([])
            for chat in self.chats.values():  # It may have noted that the user kept some from the limit.
                with contextlib.suppress(FileNotFoundError):
                    chat.viewed_s = (session_dir(chat.id) / "viewed").stat().st_mtime
            self._check_half_removed(before)
            self._check_removed(before, kept=kept)
            return
        warning, _, undone = result
        self._note_warning([warning])
        for each in undone:
            self.chats[each].viewed_s = time.time()
        is_whole = not (undone or kept or closes)
        self._check_removed([] if closes else before, kept=[*kept, *undone], must_meet=is_warned and is_whole)

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
        chat.pinned = True
        return [chat.id]

    def _is_warned(self) -> bool:
        return self._warned_s is not None and self._warned_s < time.time() - DAY_S - 60

    def _note_warning(self, lines: list[str]) -> None:
        """Note when the user was warned; a process that was killed may have left the mark of a warning."""
        if any("ended chats take" in line for line in lines):
            self._warned_s = time.time()
        try:
            marked_s = (state_dir() / "limit-warned").stat().st_mtime
        except FileNotFoundError:
            self._warned_s = None
        else:
            self._warned_s = self._warned_s or marked_s

    def _finish(self) -> None:
        """After some weeks without a window, the limit is met, and no file is left of a chat that is gone."""
        while self._some(ended=False) is not None:
            self._end()
        for chat in self.chats.values():
            chat.is_open = False
        with open_store() as store:
            store.save_layout({})  # With a window, only the window would warn.
        for _ in range(4):
            self._pass_time(9 * DAY_S)
            self._warned_before_s = self._warned_s
            before = self._may_go()
            self._note_warning(Run(enforce).result())
            self._check_removed(before)
        left_bytes = sum(chat.size_bytes for chat in self._may_go())
        assert left_bytes <= self._limit_bytes, f"{left_bytes} bytes stay that could be removed"
        left = {path.name for path in (state_dir() / "sessions").glob("*-*")} - self.chats.keys()
        left |= {path.name for path in (state_dir() / "sessions").glob(".*/*")}
        left |= {path.stem for path in (state_dir() / "logs").glob("????????-*.log")} - self.chats.keys()
        assert not left, "files of chats that are gone"

    # ------------------------------------------------------------ what must hold

    def _present(self) -> set[str]:
        with open_store() as store:
            return {record.id for record in store.all()}

    def _check_removed(self, before: list[Facts], *, kept: Collection[str] = (), must_meet: bool = False) -> None:
        """Check what the limit has removed of ``before``, the oldest first; ``kept``: the user kept these meanwhile."""
        present = self._present()
        gone = [chat for chat in self.chats.values() if chat.id not in present]
        left_bytes = sum(chat.size_bytes for chat in before if chat not in gone)
        assert not must_meet or left_bytes <= self._limit_bytes, f"{left_bytes} bytes are left"
        if not gone:
            return
        assert not [chat for chat in gone if chat not in before], "removed, though it was meant to stay"
        assert not [chat for chat in gone if chat.id in kept], "removed, though the user kept it"
        warned_s = self._warned_before_s
        assert warned_s is not None, "removed without a warning"
        assert warned_s <= time.time() - DAY_S + 60, "removed less than a day after the warning"
        logged = removed_log().read_text()
        assert not [chat for chat in gone if chat.id[:8] not in logged], "removed without a line in the log"
        if not kept:
            assert {chat.id for chat in gone} == {chat.id for chat in before[: len(gone)]}, "an older one stays"
            last_bytes = max(gone, key=lambda chat: chat.ended_s or 0).size_bytes
            assert left_bytes + last_bytes + len(before) * ROW_BYTES > self._limit_bytes, "removed more than needed"
        for chat in gone:
            self._check_no_files(chat.id)
            del self.chats[chat.id]

    def _check_half_removed(self, chats: list[Facts]) -> None:
        """Check that after a kill, and after the next command, each chat is whole or gone."""
        Run(finish_removals).result()
        present = self._present()
        for chat in chats:
            if chat.id not in present:
                self._check_no_files(chat.id)
            else:
                assert _files(chat.id) == chat.files, f"half removed: {chat}"

    def _check_removed_by_user(self, ids: list[str], *, is_complete: bool) -> None:
        if not is_complete:
            self._check_half_removed([self.chats[each] for each in ids])
        present = self._present()
        for each in ids:
            if is_complete or each not in present:
                assert each not in present, "it was removed"
                self._check_no_files(each)
                del self.chats[each]

    def _check_no_files(self, session_id: str) -> None:
        assert not session_dir(session_id).exists(), "files of a removed chat are left"
        assert not session_log(session_id).exists(), "the log of a removed chat is left"

    def _check_others_are_whole(self) -> None:
        present = self._present()
        for chat in self.chats.values():
            assert chat.id in present, f"gone: {chat}"
            assert _files(chat.id) == chat.files, f"damaged: {chat}"


def _files(session_id: str) -> dict[str, int]:
    """The sizes of a chat's files by their paths, without the copy of its row and the mark that it was viewed."""
    directory = session_dir(session_id)
    found = [path for path in directory.rglob("*") if path.is_file() and path.name not in {"record.json", "viewed"}]
    return {str(path.relative_to(directory)): path.stat().st_size for path in found}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def main() -> None:
    """Make the sequences of the seeds on the command line."""
    for seed in map(int, sys.argv[1:]):
        sequence = Sequence(seed)
        with new_area() as area, pytest.MonkeyPatch.context() as patch:
            area.enter(patch)
            try:
                sequence.run()
            except BaseException as error:
                error.add_note(f"seed {seed}: {', '.join(sequence.log)}")
                raise


if __name__ == "__main__":
    main()
