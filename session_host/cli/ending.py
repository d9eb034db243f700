"""``outlive stop``, ``kill``, ``kill-all`` and ``rm``: end chats, and remove ended ones."""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Collection
from typing import Any, NamedTuple

from session_host.client.chats.removal import (
    described,
    end_left_processes,
    left_processes,
    remove_chat,
    remove_rest,
    remove_row,
)
from session_host.client.chats.retention import ended_chats
from session_host.client.chats.settings import MIB
from session_host.client.permission import agents_chat, check_may_control
from session_host.client.sessions.selection import Selection
from session_host.client.sessions.session_info import SessionInfo, find_session, info_of, list_sessions
from session_host.client.sessions.stale_rows import give_up
from session_host.client.sessions.store_access import check_here
from session_host.errors import NotAllowed, OutliveError, SessionEnded, UsageError
from session_host.protocol.messages import Kill, Stop
from session_host.protocol.values import RUNNING_STATES
from session_host.storage.store import Store

from .arguments import DIGITS_TO_END, add_session_argument
from .output import can_ask, confirmed, print_error, print_line
from .session_argument import (
    add_selection,
    all_sessions,
    ask,
    find,
    name_and_id,
    require_running,
    selection_of,
    with_store,
)


def _left_line(session_id: str, name: str) -> str:
    """One line about what an ended chat has left behind; "" for nothing."""
    left = left_processes(session_id)
    return f"left behind by {name}, and still running: {described(left)}" if left else ""


def configure_stop(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    add_session_argument(parser, to_end=True)
    parser.epilog = (
        "Sends SIGTERM, then SIGHUP (to a shell SIGHUP first), and SIGKILL if the agent still runs. Of a chat that has "
        "ended, it ends the processes that the agent left behind."
    )


def run_stop(options: argparse.Namespace) -> int:
    """Ask the agent to exit, and wait until it has ended."""
    return _end(options.session, Stop(0), "stopped")


def configure_kill(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    add_session_argument(parser, to_end=True)
    parser.epilog = "Of a chat that has ended, it ends the processes that the agent left behind."


def run_kill(options: argparse.Namespace) -> int:
    """Kill the agent, and wait until it has ended."""
    return _end(options.session, Kill(0), "killed")


def _end(text: str, request: Stop | Kill, done: str) -> int:
    """Make a chat's host end its agent; of an ended chat, end what it has left behind."""
    info = find(text, to_end=True)
    if info.facts.is_asleep:
        from session_host.client.chats.sleeping import stop_asleep  # Usually a chat is awake.

        if stop_asleep(info.id):
            print_line(f"{done} {name_and_id(info)}, which was asleep")
            return 0
        info = find(text, to_end=True)
    record = with_store(lambda store: store.get(info.id)) if info.state not in RUNNING_STATES else None
    if record is not None and (left := end_left_processes(record, gracefully=isinstance(request, Stop))):
        print_line(f"ended what {name_and_id(info)} had left behind: {described(left)}")
        return 0
    require_running(info)
    note = ask(info.id, request).note
    print_line(f"{done} {name_and_id(info)}{note and f'; {note}'}")
    return 0


def configure_kill_all(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask for confirmation")


def run_kill_all(options: argparse.Namespace) -> int:
    """Kill all agents, after confirmation."""
    if not options.yes and not can_ask():
        raise UsageError("kill-all kills every running chat; confirm with --yes")
    infos, left = _that_may_be_killed(all_sessions(ended=False))
    if left and not infos:
        raise NotAllowed(left)
    if not infos:
        print_line("no running chats")
        return 0
    names = ", ".join(info.name for info in infos)
    chats = "1 running chat" if len(infos) == 1 else f"{len(infos)} running chats"
    if not options.yes and not confirmed(f"Kill {chats}: {names}?"):
        print_line("no chats were killed")
        return 1
    failures = kill_chats(infos)
    for failure in failures:
        print_error(failure)
    ended = len(infos) - len(failures)
    print_line(f"killed {ended} {'chat' if ended == 1 else 'chats'}")
    if left:
        raise NotAllowed(left)
    return 1 if failures else 0


def _that_may_be_killed(infos: list[SessionInfo]) -> tuple[list[SessionInfo], str]:
    """The chats that this process may kill, and a line about the others, "" for none.

    An agent kills those that it started. Its own it leaves, also the shell or command around this process: that would
    end this command before it has said what it did.
    """
    if not (agent := agents_chat()):
        return infos, ""
    from .turns.report_back import chat_of_agent  # only for an agent

    own = chat_of_agent(agent)
    around = {os.environ.get("OUTLIVE_SESSION"), own.id if own is not None else ""}
    killed, left = [], []
    for info in infos:
        if info.id in around or not _may_control(info):
            left.append(info.name)
        else:
            killed.append(info)
    if not left:
        return killed, ""
    return killed, f"not killed: {', '.join(left)}; an agent ends only chats that it started, and not its own"


def _may_control(info: SessionInfo) -> bool:
    try:
        check_may_control(info.facts)
    except NotAllowed:
        return False
    return True


KILLED_AT_ONCE = 8
"""Each ending host reads all of /proc once; hundreds at a time would all be late."""
_TOLD_EVERY = 50


def kill_chats(infos: list[SessionInfo]) -> list[str]:
    """Kill all chats, some at a time, and print how far that is; returns a line for each that could not be killed."""
    import asyncio  # `rm` does not need these

    from session_host.client.control import request
    from session_host.system import event_loop

    places = asyncio.Semaphore(KILLED_AT_ONCE)
    ended = 0

    async def kill_one(info: SessionInfo) -> None:
        nonlocal ended
        async with places:
            with contextlib.suppress(SessionEnded):
                await request(info.id, Kill(0))
        ended += 1
        if ended % _TOLD_EVERY == 0 and ended < len(infos):
            print_line(f"{ended} of {len(infos)} …")

    async def kill() -> list[Any]:
        return await asyncio.gather(*map(kill_one, infos), return_exceptions=True)

    failures = []
    for info, result in zip(infos, event_loop.run_command(kill()), strict=True):
        if isinstance(result, BaseException) and not isinstance(result, OutliveError):
            raise result
        if isinstance(result, OutliveError):
            failures.append(f"{info.name}: {result}")
    return failures


def configure_rm(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    add_session_argument(parser, to_end=True, optional=True)
    parser.add_argument("--ended", action="store_true", help="remove ended chats, all but pinned ones, or of these:")
    add_selection(parser)
    parser.add_argument(
        "-y", "--yes", action="store_true", help="do not ask for confirmation: with --ended, or before files are lost"
    )
    parser.add_argument(
        "--anyway",
        action="store_true",
        help="also if it ran on another machine or in a container, which is gone for good",
    )
    parser.epilog = (
        "Also removes the chat's git worktree, and the branch that was made for it, and says so before and after. A "
        "worktree with work that would be lost is kept, and named. Files that git ignores, such as .env, are not work: "
        "in a terminal, the command asks before it removes some."
    )


def run_rm(options: argparse.Namespace) -> int:
    """Remove a chat's record and files."""
    if options.ended == (options.session is not None):
        raise UsageError("name a chat, or use --ended for all ended chats")
    selection = selection_of(options)
    if options.ended:
        return _remove_ended(selection, without_asking=options.yes)
    if selection != Selection():
        raise UsageError("a chat that is named needs no date, agent or project; these choose among --ended")

    def look(store: Store) -> tuple[SessionInfo, _Goes]:
        info = find_session(store, options.session, least_digits=DIGITS_TO_END)
        return info, _goes(store, info.id)

    chat, goes = with_store(look)
    if goes.has_ignored and can_ask() and not options.yes:
        if not confirmed(f"Permanently remove {name_and_id(chat)} with {goes.line}?"):
            print_line("nothing was removed")
            return 1
    elif goes.line:
        print_line(f"removing {name_and_id(chat)} with {goes.line}")

    def remove(store: Store) -> list[str]:
        info = find_session(store, options.session, least_digits=DIGITS_TO_END)
        if info.state in RUNNING_STATES and options.anyway and (found := store.get(info.id)) is not None:
            check_may_control(found)
            info = info_of(give_up(store, found))
        if info.state in RUNNING_STATES:
            check_here(info.id)
            raise OutliveError(f"{info.name} is running; stop it first: outlive stop {info.name}")
        if info.facts.is_asleep:
            raise OutliveError(f"{info.name} is asleep; stop it first: outlive stop {info.name}")
        record = store.get(info.id)
        left = _left_line(info.id, info.name)
        kept = ""
        if record is not None:
            check_may_control(record)
            kept = remove_chat(store, record)
        gone = f" with {goes.line}" if goes.line and not kept.startswith("kept") else ""
        is_said = bool(gone) and not any(word in kept for word in ("kept", "left", "stays"))
        return [
            f"removed {name_and_id(info)}{gone}",
            *([kept] if kept and not is_said else []),
            *([left] if left else []),
        ]

    for line in with_store(remove):
        print_line(line)
    return 0


class _Goes(NamedTuple):
    """What goes with an ended chat: its git worktree in words, "" for none, and whether that has ignored files."""

    line: str = ""
    has_ignored: bool = False


def _goes(store: Store, session_id: str, going: Collection[str] = ()) -> _Goes:
    record = store.get(session_id)
    if record is None or not record.outcome.is_over or record.origin.worktree is None:
        return _Goes()
    from session_host.client.chats.chat_worktree import plan_of_worktree  # Most chats have none.

    check_may_control(record)
    plan = plan_of_worktree(store, record, going)
    return _Goes(plan.line, bool(plan.ignored))


def _remove_ended(selection: Selection, *, without_asking: bool) -> int:
    if not without_asking and not can_ask():
        raise UsageError("rm --ended removes every ended chat; confirm with --yes")

    def remove(store: Store) -> int:
        list_sessions(store, ended=False)  # Mark lost chats as ended.
        chosen = [chat for chat in ended_chats(store) if selection.has(chat.record)]
        chats = [chat for chat in chosen if not chat.record.entry.pinned]
        if pinned := len(chosen) - len(chats):
            print_line(f"{pinned} pinned {'chat stays' if pinned == 1 else 'chats stay'}")
        if not chats:
            print_line("no ended chats" if selection == Selection() else "no such ended chats")
            return 0
        check_may_control(*(chat.record for chat in chats))
        size_mib = sum(chat.size_bytes for chat in chats) // MIB
        going, said = {chat.record.id for chat in chats}, set[str]()
        for chat in chats:
            line = _goes(store, chat.record.id, going).line
            if line and line not in said:  # Chats may share a worktree.
                said.add(line)
                print_line(f"with {chat.record.entry.name} ({chat.record.id[:8]}) goes {line}")
        counted = "1 ended chat" if len(chats) == 1 else f"{len(chats)} ended chats"
        if not without_asking and not confirmed(f"Permanently remove {counted} ({size_mib} MiB)?"):
            print_line("no chats were removed")
            return 1
        removed = []
        for chat in chats:
            try:
                left = _left_line(chat.record.id, chat.record.entry.name)
                remove_row(store, chat.record)
                removed.append((chat.record, left))
            except (OutliveError, OSError) as error:
                print_error(f"{chat.record.entry.name} ({chat.record.id[:8]}): {error}")
        for record, left in removed:
            try:
                for line in filter(None, (remove_rest(store, record), left)):
                    print_line(line)
            except (OutliveError, OSError) as error:
                print_error(f"files of {record.entry.name} ({record.id[:8]}) are left: {error}")
        count = len(removed)
        print_line(f"removed {count} ended {'chat' if count == 1 else 'chats'}, {size_mib} MiB")
        return 1 if count < len(chats) else 0

    return with_store(remove)
