"""``outlive doctor --remove``: lists what Outlive has put on this machine, and removes it after a yes.

First ends what could start anything again, then the chats and their keeper. Then comes what is in repositories, which
only the records of chats name; the records come after that, and a copy of the program last. So a removal that is killed
has lost nothing that the list did not name, and the next one lists and removes the rest.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from session_host import paths
from session_host.agents.catalog import load_catalog
from session_host.cli import skill
from session_host.cli.ending import kill_chats
from session_host.cli.output import can_ask, confirmed, print_error, print_line
from session_host.cli.session_argument import all_sessions, name_and_id, with_store
from session_host.cli.web import turn_off, unit_file
from session_host.client import autostart, window_control
from session_host.client.chats.chat_worktree import clean_up_worktrees, leave_worktree
from session_host.client.chats.removal import (
    described,
    end_left_processes,
    has_restore_points,
    left_processes,
    repository_of,
)
from session_host.client.sessions.session_info import SessionInfo
from session_host.client.sessions.stale_rows import elsewhere
from session_host.client.worktrees.removing import finish_removals, left_branch, plan, why_kept, worktree_at
from session_host.client.worktrees.repository import find
from session_host.errors import ConfigError, HostUnavailable, NotAllowed, OutliveError, UsageError, WorktreeError
from session_host.keeper_client.channel import lock_path, read_keeper_pids
from session_host.machines import names
from session_host.placing.mounts import check_no_mount
from session_host.protocol.facts import ChatFacts
from session_host.readiness import readable
from session_host.restore_points.own_work import sessions_with_points, with_own_work
from session_host.restore_points.points import PREFIX, remove_all
from session_host.system import installation
from session_host.system.processes import proc
from session_host.system.processes.chat_mark import VARIABLE
from session_host.system.processes.identity import environment_variables, start_time
from session_host.system.processes.permission import agent_chats, is_of_chat
from session_host.system.processes.process_tree import ChatProcess, end_all
from session_host.system.unix_sockets import peer_pid
from session_host.web import places

END_TIMEOUT_S: Final = 20.0
"""How long a process has to exit after it was asked to."""

_STATE: Final = re.compile(
    r"sessions|logs|bin|conversations|git|machines|web|run|(agents|colors)\.json(\.new)?|layout\.json.*|limit-\w+"
    r"|(outlive|search)\.(db|lock).*"
)
_RUNTIME: Final = re.compile(
    r"[0-9a-f-]{36}\.\w+|(keeper|window|web)\.(sock|lock|starting)|notifications\.(json|new)|answers-.*\.(json|new)"
    r"|texts|synced|warming-\d+|ssh-\w+(\.\w+)?|forwarded\.\w+"
)
"""Names in Outlive's own directories: a variable may name one that has other files, too. These stay."""

_COPY: Final = re.compile(r"[0-9][0-9a-z.+-]*-[0-9a-f]{8}(\.replaced)?|new-[0-9a-f]{8}")
"""Directories that ``machines.install`` makes."""


class Piece(NamedTuple):
    """Something that Outlive has put here.

    Attributes:
        kind: what kind of thing it is, one or two words.
        what: which one, one line.
        remove: removes it, and returns a line about what stays nevertheless, "" for nothing; None if all of it stays.
    """

    kind: str
    what: str
    remove: Callable[[], str] | None = None


def check_is_user() -> None:
    """Check that this process belongs to no chat: an agent may not remove Outlive, and a shell would end with its chat.

    Raises:
        NotAllowed: it does.
    """
    if agent_chats(os.getpid()) or is_of_chat(os.getpid()):
        raise NotAllowed("only the user removes Outlive: run this in a terminal outside of Outlive’s chats")


def remove(*, without_asking: bool) -> int:
    """List everything, ask, and remove it; returns the exit code."""
    check_is_user()
    records = _records()
    running = _running()
    if here := [where for record in records if (where := elsewhere(record))]:
        raise HostUnavailable(f"chats run {here[0]}, which shares this directory; end them there first")
    if places.is_served() and not unit_file().exists():
        raise OutliveError("the page is served in a terminal; end that first, with Ctrl+C")
    first = [*_services(), *_processes(records, running)]
    then = [*_worktrees(records), *_restore_points(records), *_skills(), *_directories(records), *_program()]
    pieces = [*first, *then]
    if not any(piece.remove for piece in pieces):
        _remove_git_settings()
        _print("Nothing of Outlive is left to remove. What stays:", pieces)
        return 0
    if running:
        print_line(
            "This chat runs, and will be killed:" if len(running) == 1 else "These chats run, and will be killed:"
        )
        for info in running:
            print_line(
                f"  {name_and_id(info)}: {info.facts.origin.agent} in {paths.short_directory(info.facts.origin.cwd)}"
            )
    _print("What will be removed:", [piece for piece in pieces if piece.remove])
    _print("What stays:", [piece for piece in pieces if not piece.remove])
    if not without_asking:
        if not can_ask():
            raise UsageError("nothing was removed: confirm with --yes, or run this in a terminal")
        if not confirmed("Remove all this?"):
            print_line("nothing was removed")
            return 1
    for piece in first:
        assert piece.remove is not None
        piece.remove()  # A failure ends the removal: what is on the disk belongs to what still runs.
    if again := _running():
        raise OutliveError(f"{again[0].name} was started meanwhile; run this again")
    return _remove_from_disk([piece for piece in then if piece.remove])


def _remove_from_disk(pieces: list[Piece]) -> int:
    """Remove what is on the disk; a failure before the records ends it, so that the next removal finds the rest."""
    if paths.database().exists():
        with_store(partial(clean_up_worktrees, tell=print_line))
    failed = False
    for piece in pieces:
        if failed and piece.kind in {"state", "program"}:
            print_error(f"{piece.kind} stays, since something else could not be removed: run this again")
            continue
        assert piece.remove is not None
        try:
            if kept := piece.remove():
                print_line(kept)
        except (OutliveError, OSError) as error:
            failed = True
            print_error(f"{piece.kind}: {error}")
    if not failed:
        print_line("removed, but for what stays")
    return 1 if failed else 0


def _print(title: str, pieces: list[Piece]) -> None:
    if pieces:
        print_line(title)
        width = max(len(piece.kind) for piece in pieces)
        for piece in pieces:
            print_line(f"  {piece.kind:<{width}}  {piece.what}")


def _records() -> list[ChatFacts]:
    return with_store(lambda store: store.all()) if paths.database().exists() else []


def _running() -> list[SessionInfo]:
    """The chats that run; a store that is missing is made again only if a chat's socket is there."""
    if not paths.database().exists() and not any(paths.runtime_dir().glob("*-*.sock")):
        return []
    return all_sessions(ended=False)


# ---------------------------------------------------------------- what runs


def _services() -> Iterator[Piece]:
    """The service and the login entry that start Outlive."""
    unit = unit_file()
    if unit.exists():
        yield Piece("service", f"the page for the phone: {unit}", _turn_off)
    entry = autostart.autostart_file()
    if entry.exists() and autostart.is_ours(entry):
        yield Piece("start at login", str(entry), partial(_unlink, entry))


def _turn_off() -> str:
    turn_off()
    return ""


def _processes(records: list[ChatFacts], running: list[SessionInfo]) -> Iterator[Piece]:
    if window := _window():
        yield Piece("process", f"the window (PID {window})", partial(_close_window, window))
    if running:
        count = "1 chat" if len(running) == 1 else f"{len(running)} chats"
        yield Piece("processes", f"of {count}: see above", partial(_kill, running))
    ended = {record.id: record for record in records} | dict.fromkeys([info.id for info in running])
    marked = {environment_variables(pid, VARIABLE).get(VARIABLE, "") for pid in proc.pids_of_user(os.geteuid())}
    for session_id in marked & ended.keys():
        record = ended[session_id]
        if record is not None and (left := left_processes(session_id)):
            what = f"that the chat {record.entry.name} has left: {described(left)}"
            yield Piece("processes", what, partial(_end_left, record))
    if keepers := _keepers():
        pids = ", ".join(str(each.pid) for each in keepers)
        yield Piece("processes", f"the keeper (PID {pids})", _end_keeper)


def _window() -> int:
    """The window's PID; 0 if it is not open."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.connect(str(paths.window_socket()))
        except OSError:
            return 0
        return peer_pid(connection)


def _close_window(pid: int) -> str:
    process = os.pidfd_open(pid)
    try:
        window_control.ask("close")
        if not readable([process], END_TIMEOUT_S):
            raise OutliveError("the window does not close; close it, then run this again")
    except window_control.WindowNotOpen:
        pass  # It has just been closed.
    finally:
        os.close(process)
    return ""


def _kill(running: list[SessionInfo]) -> str:
    """Kill chats, and wait until each host has recorded the end and exited.

    Raises:
        OutliveError: one could not be killed, or its host does not exit.
    """
    hosts = [_open(pid) for info in running if (pid := info.facts.program.host_pid)]
    try:
        if failures := kill_chats(running):
            raise OutliveError(f"{failures[0]}; nothing was removed")
        for host in hosts:
            if host >= 0 and not readable([host], END_TIMEOUT_S):
                raise OutliveError("a chat's background process does not exit; run this again")
    finally:
        for host in hosts:
            if host >= 0:
                os.close(host)
    return ""


def _open(pid: int) -> int:
    """A descriptor that is readable once the process has ended; -1 if it has."""
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return -1


def _end_left(record: ChatFacts) -> str:
    end_left_processes(record, gracefully=True)
    return ""


def _keepers() -> list[ChatProcess]:
    try:
        descriptor = os.open(lock_path(), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return []
    try:
        pids = read_keeper_pids(descriptor)
    finally:
        os.close(descriptor)
    found = [(pid, start_time(pid)) for pid in pids]
    return [ChatProcess(pid, started, "") for pid, started in found if started is not None]


def _end_keeper() -> str:
    end_all(_keepers, grace_s=END_TIMEOUT_S)
    return ""


# ---------------------------------------------------------------- what is in repositories


def _worktrees(records: list[ChatFacts]) -> Iterator[Piece]:
    """The worktrees of chats, and those that were kept when their chats were removed."""
    finish_removals()
    known = {record.origin.worktree.path: record.origin.worktree for record in records if record.origin.worktree}
    for path in sorted(each for each in paths.worktrees_dir().glob("*/*") if each.is_dir()):
        if str(path) not in known:
            try:
                known[str(path)] = worktree_at(path)
            except WorktreeError as error:
                yield Piece("worktree", f"{path}: {error}")
    for worktree in known.values():
        if kept := why_kept(worktree):
            yield Piece("worktree", kept)
        elif os.path.lexists(worktree.path):
            what = plan(worktree).line.removeprefix("its worktree ")
            yield Piece("worktree", what, partial(leave_worktree, worktree))
        elif branch := left_branch(worktree):
            yield Piece("branch", f"{branch} of {worktree.repository}", partial(leave_worktree, worktree))


def _restore_points(records: list[ChatFacts]) -> Iterator[Piece]:
    """The restore points of chats, by repository."""
    commons: dict[tuple[Path, bool], Path | None] = {}
    sessions: dict[Path, set[str]] = {}
    for record in filter(has_restore_points, records):
        place = repository_of(record)
        if place not in commons:
            try:
                commons[place] = place[0] if place[1] else find(place[0]).common
            except WorktreeError:
                commons[place] = None  # There is no repository, or none any more.
        if (common := commons[place]) is not None:
            sessions.setdefault(common, set()).add(record.id)
    for common, own in sessions.items():
        where = f"in {paths.short_directory(str(common))}"
        try:
            trees = sessions_with_points(common, own)
            stay = with_own_work(common, trees) if trees else set()
        except WorktreeError as error:
            yield Piece("restore points", f"{where}, which cannot be read: {error}")
            continue
        if trees.keys() - stay:
            what = f"of {_chats(len(trees.keys() - stay))} {where}"
            yield Piece("restore points", what, partial(_remove_points, common, trees.keys() - stay))
        if stay:
            listing = f"git --git-dir {shlex.quote(str(common))} for-each-ref {PREFIX}"
            what = f"of {_chats(len(stay))} {where}, with files that are nowhere else; to list them: {listing}"
            yield Piece("restore points", what)


def _remove_points(common: Path, sessions: set[str]) -> str:
    stay = with_own_work(common, sessions_with_points(common, sessions))
    for session in sessions - stay:
        remove_all(common, session, is_git_directory=True)
    return f"kept restore points of {_chats(len(stay))} in {common}: files in them are nowhere else" if stay else ""


def _chats(count: int) -> str:
    return "1 chat" if count == 1 else f"{count} chats"


# ---------------------------------------------------------------- files


def _skills() -> Iterator[Piece]:
    try:
        agents = load_catalog(paths.config_dir()).values()
    except ConfigError:
        return  # A file of the user's; `outlive doctor` names it.
    for agent, path in ((each, path) for each in agents for path in skill.places(each, os.environ)):
        if path.exists() and skill.is_ours(path):
            yield Piece("skill", f"of {agent.title}: {path}", partial(_remove_skill, path))


def _remove_skill(path: Path) -> str:
    _unlink(path)
    if not any(path.parent.iterdir()):
        path.parent.rmdir()
    return ""


def _unlink(path: Path) -> str:
    path.unlink(missing_ok=True)
    return ""


def _directories(records: list[ChatFacts]) -> Iterator[Piece]:
    """The directories of records and sockets, and what stays of them."""
    state, sockets = paths.state_dir(), paths.runtime_dir()
    if sockets != state / "run":
        yield from _directory("sockets", sockets, _RUNTIME, "sockets and locks")
    kept = f"the records of {_chats(len(records))}, with recordings, answers of model servers, logs"
    yield from _directory("state", state, _STATE, kept)
    if paths.config_dir().is_dir():
        config = shlex.quote(str(paths.config_dir()))
        yield Piece("settings", f"what you wrote: settings, agents, prompts; to delete it: rm -r {config}")
    yield Piece("conversations", "the agents' own files")
    yield Piece("keys", "of model servers, in the desktop's secret store: secret-tool clear application outlive")


def _directory(kind: str, directory: Path, own: re.Pattern[str], what: str) -> Iterator[Piece]:
    try:
        found = sorted(directory.iterdir())
    except OSError:
        return
    if any(own.fullmatch(each.name) and each != paths.git_dir() for each in found):
        yield Piece(kind, f"{directory}: {what}", partial(_remove_directory, directory, own))
    if others := [each.name for each in found if not own.fullmatch(each.name) and each.name != "worktrees"]:
        yield Piece(kind, f"{directory}: {', '.join(others)}, which Outlive does not know")


def _remove_git_settings() -> None:
    """Remove what git needed to look at worktrees that stay."""
    with contextlib.suppress(OSError):
        _remove_tree(paths.git_dir())


def _remove_tree(path: Path) -> None:
    """Remove a directory with its content, but nothing through a mount.

    Raises:
        OSError: something is mounted in it, or it cannot be removed.
    """
    check_no_mount(path)
    shutil.rmtree(path)


def _remove_directory(directory: Path, own: re.Pattern[str]) -> str:
    """Remove what Outlive made in a directory, the database last; then the directory, if it is empty."""
    found = sorted(directory.iterdir(), key=lambda each: (each == paths.database(), each.name))
    for each in found:
        if not own.fullmatch(each.name):
            continue
        if each.is_dir() and not each.is_symlink():
            _remove_tree(each)
        else:
            each.unlink(missing_ok=True)
    for folder in (*directory.glob("worktrees/*/"), directory / "worktrees", directory):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    return ""


def _program() -> Iterator[Piece]:
    """The program: a copy that another computer has sent is removed, the user's own installation stays."""
    try:
        for entry in names.machines():
            yield Piece("machine", f"{entry.name}: outlive doctor --remove --on {entry.name}")
    except ConfigError as error:
        yield Piece("machines", str(error))
    home = paths.home_dir()
    copies, link = home / ".local/share/outlive", home / ".local/bin/outlive"
    if copies.is_dir() and Path(sys.prefix).is_relative_to(copies):
        yield Piece("program", f"the copy in {copies}, and {link}", partial(_remove_copy, copies, link))
    else:
        yield Piece("program", f"this installation; to remove it: {installation.removal_command()}")


def _remove_copy(copies: Path, link: Path) -> str:
    """Remove what ``machines.install`` wrote: this process has imported what it still needs."""
    if link.is_symlink() and Path(os.readlink(link)).is_relative_to(copies):  # noqa: PTH115 - also of a lost copy
        link.unlink()
    for each in copies.iterdir():
        if each.is_dir() and _COPY.fullmatch(each.name):
            _remove_tree(each)
    if not any(copies.iterdir()):
        copies.rmdir()
    return ""
