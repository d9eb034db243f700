"""The chats of several machines, which are asked at once."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec
from msgspec.structs import replace

from session_host.client.permission import check_may_reach_machine
from session_host.client.sessions.listing import sessions_listed
from session_host.client.sessions.memory import memory_of, running_ids, with_memory
from session_host.client.sessions.selection import Selection
from session_host.client.sessions.session_info import SessionInfo
from session_host.errors import OutliveError, Unreachable
from session_host.paths import ensure_private, runtime_dir
from session_host.protocol.codec import UNREADABLE
from session_host.system import event_loop
from session_host.system.files import replace_file

from . import names, ssh
from .another import by_our_clock
from .link import CONNECT_TIMEOUT_S, Link
from .names import MachineEntry
from .remote import RemoteMachine

T = TypeVar("T")


def chats_on(
    name: str, selection: Selection, *, ended: bool, memory: bool = False
) -> tuple[list[tuple[str, str, SessionInfo]], list[OutliveError]]:
    """The chats of a machine, or of ``all`` other ones, and why some machines do not answer, or cannot list theirs.

    Each chat comes with its machine's name, and the user's home directory there; with ``memory`` its memory, too.
    """

    async def measured(machine: RemoteMachine, chats: Listed) -> Listed:
        return chats._replace(infos=with_memory(chats.infos, await machine.call(memory_of, running_ids(chats.infos))))

    check_may_reach_machine("" if name == names.ALL else name)
    entries = names.machines() if name == names.ALL else [names.machine_named(name)]
    wait_s = None if name == names.ALL else CONNECT_TIMEOUT_S
    asked = (
        listed_for(measured, entries, selection, ended=ended, wait_s=wait_s)
        if memory
        else listed(entries, selection, ended=ended, wait_s=wait_s)
    )
    found = event_loop.run_command(asked)
    pairs = list(zip(entries, found, strict=True))
    answers = [(entry.name, result) for entry, result in pairs if isinstance(result, Listed)]
    chats = [(machine, result.home, info) for machine, result in answers for info in result.infos]
    return chats, [result for _entry, result in pairs if isinstance(result, OutliveError)]


class Listed(NamedTuple):
    """A machine's chats.

    Attributes:
        version: the version of its Outlive.
        home: the user's home directory there.
        infos: the chats, oldest first.
    """

    version: str
    home: str
    infos: list[SessionInfo]


LIST_TIMEOUT_S = 5.0
"""A machine that does not answer in this time is reported as unreachable, so that the others need not wait."""

SILENT_LIST_TIMEOUT_S = 0.8
"""A list waits at least so long until it hears of a machine, and not longer for one that did not answer lately."""

SILENT_S = 300.0
"""How long a machine that did not answer is not waited for again."""

SLOWER = 3.0
"""A list waits for a machine this multiple of the time after which the last list heard of it."""


class Answers(msgspec.Struct, frozen=True):
    """How a machine answered the last lists; in a file, since each list is another process.

    Attributes:
        on_login_s: the time until it was heard of in the last list that rode on a login; None if unknown.
        without_login_s: the same for the last one that logged in.
        silent_at: when it did not answer in ``LIST_TIMEOUT_S``; 0 if it answered since.
    """

    on_login_s: float | None = None
    without_login_s: float | None = None
    silent_at: float = 0.0

    def is_silent(self, at: float) -> bool:
        """Whether the machine did not answer lately."""
        return 0 <= at - self.silent_at < SILENT_S

    def wait_s(self, at: float, *, has_login: bool) -> float:
        """How long a list waits until the machine is heard of."""
        if self.is_silent(at):
            return SILENT_LIST_TIMEOUT_S
        last_s = self.on_login_s if has_login else self.without_login_s
        return LIST_TIMEOUT_S if last_s is None else min(max(SLOWER * last_s, SILENT_LIST_TIMEOUT_S), LIST_TIMEOUT_S)

    def heard(self, after_s: float, *, has_login: bool) -> Answers:
        """It has answered."""
        if has_login:
            return Answers(after_s, self.without_login_s)
        return Answers(self.on_login_s, after_s)

    def missed(self, at: float, waited_s: float) -> Answers:
        """It has not. After a short wait nothing is known: its line may be slower now, so the next wait is long."""
        if self.is_silent(at):
            return self
        return Answers() if waited_s < LIST_TIMEOUT_S else Answers(silent_at=at)


async def listed(
    entries: Sequence[MachineEntry], selection: Selection, *, ended: bool, wait_s: float | None = None
) -> list[Listed | OutliveError]:
    """The chats of machines, which are asked at once; an error for each that does not answer in time, or has one.

    Only ``Unreachable`` says that a machine cannot be reached: others may have a full disk.
    """

    async def as_it_is(_machine: RemoteMachine, chats: Listed) -> Listed:
        return chats

    return await listed_for(as_it_is, entries, selection, ended=ended, wait_s=wait_s)


async def listed_for(
    use: Callable[[RemoteMachine, Listed], Awaitable[T]],
    entries: Sequence[MachineEntry],
    selection: Selection,
    *,
    ended: bool,
    wait_s: float | None = None,
) -> list[T | OutliveError]:
    """Do as ``listed``, and let ``use`` ask each machine that has answered for more; returns its results."""
    return await asyncio.gather(*(_listed_for(use, entry, selection, ended, wait_s) for entry in entries))


async def _listed_for(
    use: Callable[[RemoteMachine, Listed], Awaitable[T]],
    entry: MachineEntry,
    selection: Selection,
    ended: bool,
    wait_s: float | None,
) -> T | OutliveError:
    link = Link(entry)
    machine = RemoteMachine(link)
    file = ensure_private(runtime_dir()) / f"answers-{entry.name}.json"
    answers, loop = _read(file), asyncio.get_running_loop()
    began_s = loop.time()
    has_login = await asyncio.to_thread(ssh.has_login, entry)
    link.login_hangs = has_login is None
    if wait_s is None:
        wait_s = LIST_TIMEOUT_S if has_login is None else answers.wait_s(time.time(), has_login=has_login)
    answer = loop.create_task(machine.call(sessions_listed, selection, ended=ended))
    try:
        await asyncio.wait({answer}, timeout=began_s + wait_s - loop.time())
        if link.heard_at_s is not None and not answers.is_silent(time.time()):
            wait_s = max(wait_s, LIST_TIMEOUT_S)
            await asyncio.wait({answer}, timeout=began_s + wait_s - loop.time())
        if not answer.done():
            _keep(file, answers.missed(time.time(), wait_s))
            return Unreachable(f"{entry.name}: no answer")
        infos = answer.result()
        assert link.heard_at_s is not None
        _keep(file, answers.heard(link.heard_at_s - began_s, has_login=bool(has_login)))
        chats = [replace(info, facts=by_our_clock(info.facts, link.clock_ahead)) for info in infos]
        return await use(machine, Listed(link.version, link.home, chats))
    except OutliveError as error:
        return error if isinstance(error, Unreachable) else OutliveError(f"{entry.name}: {error}")
    finally:
        answer.cancel()
        await link.close()


def _read(file: Path) -> Answers:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Answers)
    except (OSError, *UNREADABLE):
        return Answers()


def _keep(file: Path, answers: Answers) -> None:
    with contextlib.suppress(OSError):  # The next list then waits as long as this one.
        replace_file(file, msgspec.json.encode(answers))
