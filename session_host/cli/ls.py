"""``outlive ls``: list chats and their states."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec.structs import replace

from session_host.cli.output import has_colors, print_error, print_json, terminal_columns, width
from session_host.cli.session_argument import add_selection, all_sessions, selection_of, with_store
from session_host.client.sessions.listing import chosen_sessions
from session_host.client.sessions.selection import Selection
from session_host.client.sessions.session_info import ELSEWHERE, SessionInfo
from session_host.client.sessions.store_access import open_store
from session_host.errors import StoreCorrupt, UsageError
from session_host.paths import home_dir, short_directory
from session_host.protocol.untrusted_text import one_line, place_last
from session_host.protocol.values import FOREGROUND, Activity, State
from session_host.standing.accounts import with_account
from session_host.standing.ages import age
from session_host.standing.clock_times import told_time
from session_host.standing.endings import how_ended, last_command
from session_host.standing.groups import Mark, Seen, is_starting
from session_host.standing.row_line import STATES, row_line
from session_host.standing.sleep import gave_back
from session_host.system.clock import as_text

_HEADINGS = ("NAME", "AGENT", "STATE", "AGE", "ID", "DIRECTORY")
_STATE = _HEADINGS.index("STATE")
_MIN_DIRECTORY_COLUMNS = 12
_MIN_NAME_COLUMNS = 10
NOTICE_MARK = "!"
"""The mark after the state of a chat with a problem, and before the line that describes the problem."""

_MARKS = {Activity.WORKING: "◐", Activity.NEEDS_INPUT: "▲", Activity.IDLE: "○", Activity.SUSPENDED: "▲"}

_FAILED = "✗"
_LIMIT = "◷"
"""The mark of a state in which an error stopped the turn; red, with its words, as in the window."""
_RED, _PLAIN = "\x1b[31m", "\x1b[0m"

_DETAIL_COLUMNS = 36

_NAMED = 8
_NO_NAMES: Final[Mapping[str, str]] = {}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    parser.add_argument("--all", action="store_true", help="include ended chats")
    parser.add_argument("--json", action="store_true", help="print all fields as JSON")
    parser.add_argument("--memory", action="store_true", help="with --json: how much memory each running chat has")
    parser.add_argument("--on", metavar="NAME", default="", help="chats of another machine; all: of all machines")
    add_selection(parser)


def run(options: argparse.Namespace) -> int:
    """List the sessions."""
    selection = selection_of(options)
    if options.memory and not options.json:
        raise UsageError("--memory needs --json")
    ended = options.all or selection.has_dates
    if options.on:
        return _run_on(options, selection, ended=ended)
    cursor = _cursor() if options.json else ""
    infos = _sessions(selection, ended=ended, memory=options.memory)
    if options.json:
        if infos:
            from session_host.client.chats.resumability import fill_in_resumable  # a table does not need this

            fill_in_resumable(infos)
        print_json([{**info.as_json(), "cursor": cursor} for info in infos])
    elif infos:
        now, names = datetime.now(UTC), {info.id: info.name for info in infos}
        for line in table([row(info, now, None, names) for info in infos], terminal_columns(), is_colored=has_colors()):
            print(line)
        for line in notices(infos):
            print(line)
    else:
        print(_nothing(selection, ended=ended))
    if not options.json and not ended and selection == Selection() and (line := _interrupted()):
        print(line)
    return 0


def _interrupted() -> str:
    """A line that names the chats that a restart has interrupted in the last day; "" for none."""
    since = as_text((datetime.now(UTC) - timedelta(days=1)).timestamp())
    names = with_store(lambda store: store.interrupted_since(since))
    if not names:
        return ""
    shown = [one_line(name) for name in names[:_NAMED]]
    others = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"interrupted by a restart: {', '.join(shown)}{others}; `outlive resume NAME` continues one"


def _run_on(options: argparse.Namespace, selection: Selection, *, ended: bool) -> int:
    """List the sessions of other machines; with ``--on all`` also those of this one."""
    from session_host.machines.listing import chats_on  # rarely needed
    from session_host.machines.names import ALL, HERE

    cursor = _cursor() if options.json else ""
    found, errors = (
        ([], []) if options.on == HERE else chats_on(options.on, selection, ended=ended, memory=options.memory)
    )
    if options.on in {ALL, HERE}:
        found = [
            *((HERE, str(home_dir()), info) for info in _sessions(selection, ended=ended, memory=options.memory)),
            *found,
        ]
    if options.json:
        print_json(
            [
                {"machine": machine, **info.as_json(), "cursor": cursor if machine == HERE else None}
                for machine, _home, info in found
            ]
        )
    else:
        now = datetime.now(UTC)
        named = [
            (_named(info, f"{machine}:{info.name}") if machine != HERE else info, home) for machine, home, info in found
        ]
        names = {info.id: info.name for info, _home in named}
        rows = [row(info, now, home, names) for info, home in named]
        lines = table(rows, terminal_columns(), is_colored=has_colors()) if named else []
        where = "" if options.on in {ALL, HERE} else f" --on {options.on}"
        nothing = [] if errors else [_nothing(selection, ended=ended, where=where)]
        for line in [*lines, *notices(info for info, _home in named)] or nothing:
            print(line)
    for error in errors:
        print_error(str(error))
    return errors[0].exit_code if errors and options.on != ALL else 0


def _cursor() -> str:
    """The place in the ledger for which a list is true that is made from now on: it may know later events already."""
    return with_store(lambda store: store.ledger.position().cursor)


def _named(info: SessionInfo, name: str) -> SessionInfo:
    entry = replace(info.facts.entry, name=name)
    return replace(info, facts=replace(info.facts, entry=entry))


def _nothing(selection: Selection, *, ended: bool, where: str = "") -> str:
    if selection != Selection():
        return "no such chats"
    return "no chats" if ended else f"no running chats; `outlive new AGENT{where}` starts one"


def _sessions(selection: Selection, *, ended: bool, memory: bool = False) -> list[SessionInfo]:
    try:
        with open_store(print_error) as store:
            infos = chosen_sessions(store, selection, ended=ended)
    except StoreCorrupt:
        all_sessions(ended=ended)  # recreates the store
        return _sessions(selection, ended=ended, memory=memory)
    if not memory:
        return infos
    from session_host.client.sessions.memory import memory_of, running_ids, with_memory  # lists are quick

    return with_memory(infos, memory_of(running_ids(infos)))


def row(
    info: SessionInfo, now: datetime, home: str | None = None, names: Mapping[str, str] = _NO_NAMES
) -> tuple[str, ...]:
    """One session as table cells.

    Args:
        info: the session.
        now: the current time.
        home: the home directory on its machine; None for this user's.
        names: the names of the other listed sessions, by their ids.
    """
    state, status = state_words(info, now), info.status
    if info.state is State.RUNNING and status.source == FOREGROUND:
        state = _running(info, now)
    elif info.state is State.RUNNING and status.since and status.activity is not Activity.NO_SIGNAL:
        state += f" {age(status.since, now)}"
    if info.state is State.RUNNING and status.activity in _MARKS and status.source != FOREGROUND:
        seen = Seen(handed_to=names.get(info.facts.entry.handed_to, ""))
        line = row_line(info.facts, seen, now, lambda moment: told_time(moment, now))
        if line.text not in STATES:
            cut = _cut_middle if line.role == "asks" else _cut_end  # Both ends of a command are visible.
            state += f": {line.text if width(line.text) <= _DETAIL_COLUMNS else cut(line.text, _DETAIL_COLUMNS)}"
    if status.is_silent and status.since:
        state = f"◌ no signal {age(status.since, now)}"
    if info.notice:
        state += f" {NOTICE_MARK}"
    origin = info.facts.origin
    cells = (
        info.name,
        with_account(origin.agent, origin.account),
        state,
        age(origin.created_at, now),
        info.id[:8],
        short_directory(origin.cwd, home),
    )
    return tuple(one_line(cell) for cell in cells)


def _running(info: SessionInfo, now: datetime) -> str:
    """A running shell or command: its foreground program or the last one's exit status, with the time since then."""
    foreground = info.facts.shell
    if not foreground.program:
        ended = last_command(foreground.last_exit_code)
        when = f": {ended}, {age(foreground.last_ended, now)} ago" if ended else ""
        return f"{state_words(info, now)}{when}"
    program = one_line(foreground.program)
    program = program if width(program) <= _DETAIL_COLUMNS else _cut_end(program, _DETAIL_COLUMNS)
    return f"❯ running {program} for {age(foreground.since, now)}"


def notices(infos: Iterable[SessionInfo]) -> list[str]:
    """The problems of sessions, one line each, for printing below the table."""
    return [f"{NOTICE_MARK} {one_line(f'{info.name}: {place_last(info.notice)}')}" for info in infos if info.notice]


def state_words(info: SessionInfo, now: datetime) -> str:
    """State and activity as a mark and words."""
    match info.state:
        case State.STARTING:
            return "◌ starting"
        case State.RUNNING:
            activity = info.status.activity
            if activity is Activity.RUNNING:
                return "❯ running"
            if info.status.failed:
                return f"{_LIMIT if info.status.waits_for_limit else _FAILED} {info.status.words}"
            if activity in _MARKS:
                return f"{_MARKS[activity]} {activity.words}"
            if not info.has_host:
                return f"◌ {'elsewhere' if info.status.source == ELSEWHERE else 'running'}"
            return f"◌ {(Mark.STARTING if is_starting(info.facts, Seen(), now) else Mark.NO_SIGNAL).value}"
        case _ if info.facts.is_asleep:
            return " · ".join(filter(None, ("☾ asleep", gave_back(info.facts.outcome))))
        case _:
            return f"■ {how_ended(info.facts).status}{_continued(info)}"


def _continued(info: SessionInfo) -> str:
    return ", continued" if info.facts.entry.continued_by else ""


def table(rows: list[tuple[str, ...]], columns: int | None, *, is_colored: bool = False) -> list[str]:
    """A table with headings; lines are cut to this number of columns.

    The directory is cut first (from the left, since its end is most useful), then the name; then columns are dropped
    from the right.
    """
    cells = [_HEADINGS, *rows]
    widths = [max(width(line[column]) for line in cells) for column in range(len(_HEADINGS))]
    if columns is not None:
        last = len(widths) - 1
        widths[last] = max(min(widths[last], _MIN_DIRECTORY_COLUMNS), widths[last] - _excess(widths, columns))
        widths[0] = max(min(widths[0], _MIN_NAME_COLUMNS), widths[0] - _excess(widths, columns))
        while len(widths) > 1 and _excess(widths, columns) > 0:
            widths.pop()
        widths[0] = min(widths[0], columns)
    return [_line(line, widths, is_colored=is_colored).rstrip() for line in cells]


def _excess(widths: list[int], columns: int) -> int:
    return max(0, sum(widths) + 2 * (len(widths) - 1) - columns)


def _line(cells: tuple[str, ...], widths: list[int], *, is_colored: bool) -> str:
    parts = []
    for index, columns in enumerate(widths):
        text = cells[index]
        if width(text) > columns:
            text = _cut_begin(text, columns) if index == len(_HEADINGS) - 1 else _cut_end(text, columns)
        padding = " " * (columns - width(text))
        is_red = is_colored and index == _STATE and text.startswith(_FAILED)
        parts.append(f"{_RED}{text}{_PLAIN}{padding}" if is_red else text + padding)
    return "  ".join(parts)


def _cut_end(text: str, columns: int) -> str:
    kept = text
    while kept and width(kept) > columns - 1:
        kept = kept[:-1]
    return f"{kept}…"


def _cut_middle(text: str, columns: int) -> str:
    return _cut_end(text, columns // 2) + _cut_begin(text, columns - columns // 2 + 1)[1:]


def _cut_begin(text: str, columns: int) -> str:
    kept = text
    while kept and width(kept) > columns - 1:
        kept = kept[1:]
    return f"…{kept}"
