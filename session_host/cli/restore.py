"""``outlive restore``: list a chat's restore points, show the changes since one, or restore the files to it."""

from __future__ import annotations

import argparse
import re
import shlex
import signal
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from session_host.cli.arguments import add_session_argument
from session_host.cli.output import (
    can_ask,
    confirmed,
    cut,
    has_colors,
    local_time,
    print_error,
    print_json,
    print_line,
    terminal_columns,
)
from session_host.cli.session_argument import with_store
from session_host.client.chats.restore_list import restore_list, resumed_chats
from session_host.client.permission import check_may_control
from session_host.client.sessions.session_info import SessionInfo, find_session
from session_host.client.worktrees.changes import readable
from session_host.errors import FilesChanged, NoSuchPoint, OutliveError, UsageError
from session_host.protocol.untrusted_text import one_line, plain
from session_host.protocol.values import Activity
from session_host.restore_points import restoring
from session_host.restore_points.points import RestorePoint
from session_host.restore_points.restoring import Plan, Restored, stay_lines
from session_host.restore_points.undoing import changed_since_restore
from session_host.storage.store import Store
from session_host.system.clock import written

NAME_CHARACTERS: Final = 60
"""A longer prompt is cut in a sentence."""
MAX_FILES: Final = 100
"""How many files a question lists."""
COUNTED_FILES: Final = 15
"""If there are more files, it says how many there are of each kind, since their list would scroll away."""
MAX_FAILED: Final = 20
"""How many files that could not be restored are named."""
ATTEMPTS: Final = 5
"""How often a restore without a question begins again because files change."""
_WORDS: Final = {"modified": "change", "recreated": "create", "deleted": "delete"}
_COLORS: Final = {"+": "\x1b[32m", "-": "\x1b[31m", "@": "\x1b[36m"}
_POINT: Final = re.compile(r"[0-9]{1,15}")


class Row(NamedTuple):
    """One restore point of the list.

    Attributes:
        number: its position in the list; the oldest one has 1.
        point: the restore point.
        prompt: the text of its prompt, one line; "" for an unknown one.
    """

    number: int
    point: RestorePoint
    prompt: str

    @property
    def name(self) -> str:
        """Its name in a sentence, after "before"."""
        if self.prompt:
            is_long = len(self.prompt) > NAME_CHARACTERS
            return f"“{self.prompt[: NAME_CHARACTERS - 1].rstrip()}…”" if is_long else f"“{self.prompt}”"
        return f"the {self.made_by} at {local_time(self.point.moment, datetime.now(UTC))}"

    @property
    def made_by(self) -> str:
        """What it was made before, a noun."""
        about = self.point.about
        return "prompt" if about.kind == "prompt" else about.maker or "change"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    add_session_argument(parser)
    parser.add_argument(
        "point", metavar="POINT", nargs="?", help="restore the files to this restore point: its number, or its id"
    )
    parser.add_argument("--undo", action="store_true", help="undo the last restore; a second time, undo the undo")
    parser.add_argument("--diff", action="store_true", help="print what has changed since POINT, and restore nothing")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask for confirmation")
    parser.add_argument("--json", action="store_true", help="print the list as JSON")
    parser.epilog = (
        "Without POINT, lists the restore points: the files of the git repository before each prompt to the agent, and "
        "before each restore, discard, take back and undo. The branch, commits and ignored files stay as they are."
    )


def run(options: argparse.Namespace) -> int:
    """List the restore points, show the changes since one, or restore it."""
    _check(options)

    def find(store: Store) -> tuple[SessionInfo, list[str]]:
        def resumed_from(session_id: str) -> str | None:
            record = store.get(session_id)
            return record.origin.resumed_from if record is not None else None

        info = find_session(store, options.session)
        if _restores(options):
            check_may_control(info.facts)
        return info, resumed_chats(info.id, resumed_from)

    info, sessions = with_store(find)
    rows = _rows(info, sessions)
    if options.undo:
        return _restore(info, rows, _last_restore(info, rows), without_asking=options.yes)
    if options.point is None:
        _print_list(info, rows, is_json=options.json)
        return 0
    row = _chosen(info, rows, options.point)
    if options.diff:
        return _print_diff(info, row)
    return _restore(info, rows, row, without_asking=options.yes)


def _restores(options: argparse.Namespace) -> bool:
    """Whether the options ask for a restore."""
    return options.undo or (options.point is not None and not options.diff)


def _check(options: argparse.Namespace) -> None:
    """Check that the options fit together; raises UsageError."""
    restores = _restores(options)
    if options.point is not None and not _POINT.fullmatch(options.point):
        raise UsageError(f"{options.point!r} is not the number of a restore point; see `outlive restore CHAT`")
    if options.undo and options.point is not None:
        raise UsageError("use a POINT or --undo, not both")
    if options.diff and options.point is None:
        raise UsageError("--diff needs a POINT; see `outlive restore CHAT`")
    if options.yes and not restores:
        raise UsageError("--yes needs a POINT or --undo")
    if options.json and (restores or options.diff):
        raise UsageError("--json works only with the list")
    if restores and not options.yes and not can_ask():
        raise UsageError("restore changes files; confirm with --yes")


# ------------------------------------------------------------ the list


def _rows(info: SessionInfo, sessions: Sequence[str]) -> list[Row]:
    """The restore points of the chat and of those that it resumes, oldest first: their numbers stay."""
    found = restore_list(Path(info.facts.origin.cwd), sessions)[::-1]
    items = _prompts_by_item(info) if any(each.point.about.item for each in found) else {}
    return [
        Row(number, point, one_line(items.get(point.about.item) or prompt).strip())
        for number, (point, prompt) in enumerate(found, start=1)
    ]


def _prompts_by_item(info: SessionInfo) -> dict[str, str]:
    """The prompts of a structured chat by the ids of their items; {} if its transcript cannot be read."""
    from session_host.cli.recording.transcript_export import transcript_of

    try:
        return {item.id: item.text for item in transcript_of(info, lambda: None) if item.kind == "user"}
    except OutliveError:
        return {}  # The times are enough.


def _none(info: SessionInfo) -> str:
    return (
        f"{info.name} has no restore points; they hold the files of a git repository before each prompt to an agent "
        "(not to a model server, a shell or a command), unless `restore_points = false` is in chats.toml"
    )


def _print_list(info: SessionInfo, rows: Sequence[Row], *, is_json: bool) -> None:
    counts = restoring.file_counts(Path(info.facts.origin.cwd), [row.point for row in rows]) if rows else []
    counted = list(zip(rows, counts, strict=True))
    if is_json:
        print_json([as_json(row, count) for row, count in counted])
    elif not rows:
        print_line(_none(info))
    else:
        for line in table(counted, terminal_columns()):
            print(line)


def as_json(row: Row, changed_files: int) -> dict[str, Any]:
    """A restore point as the documented JSON object."""
    return {
        "number": row.number,
        "id": str(row.point.at_ms),
        "session_id": row.point.session,
        "time": written(row.point.moment),
        "kind": row.point.about.kind,
        "prompt": row.prompt or None,
        "branch": row.point.branch,
        "changed_files": changed_files,
        "made_by": row.point.about.maker,
    }


def table(counted: Sequence[tuple[Row, int]], columns: int | None) -> list[str]:
    """A line for each restore point and the number of files that have changed since.

    Args:
        counted: the restore points.
        columns: the width to which lines are cut; None for whole lines.
    """
    now = datetime.now(UTC)
    cells = [("#", "TIME", "CHANGED SINCE", "BEFORE")]
    for row, count in counted:
        files = _files(count) if count else "nothing"
        name = row.prompt or f"{'an' if row.made_by == 'undo' else 'a'} {row.made_by}"
        cells.append((str(row.number), local_time(row.point.moment, now), files, name))
    widths = [max(len(line[column]) for line in cells) for column in range(3)]
    lines = (
        f"{number:>{widths[0]}}  {time:<{widths[1]}}  {files:<{widths[2]}}  {name}"
        for number, time, files, name in cells
    )
    return [line if columns is None else cut(line, [], columns) for line in lines]


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"


def _chosen(info: SessionInfo, rows: Sequence[Row], text: str) -> Row:
    """The restore point with this number or id; raises NoSuchPoint."""
    number = int(text)
    for row in rows:
        if number in {row.number, row.point.at_ms}:
            return row
    if not rows:
        raise NoSuchPoint(_none(info))
    raise NoSuchPoint(f"{info.name} has no restore point {text}; `outlive restore {info.name}` lists them")


def _last_restore(info: SessionInfo, rows: Sequence[Row]) -> Row:
    for row in reversed(rows):
        if row.point.about.restores:
            return row
    raise NoSuchPoint(f"no files of {info.name} were restored, so there is nothing to undo")


# ------------------------------------------------------------ restoring


def _restore(info: SessionInfo, rows: Sequence[Row], row: Row, *, without_asking: bool) -> int:
    """Restore files, after a question that lists them; ask again if they change before the answer."""
    directory = Path(info.facts.origin.cwd)
    for attempt in range(ATTEMPTS if without_asking else sys.maxsize):
        plan = restoring.plan_restore(directory, row.point)
        if not plan.files:
            for line in stay_lines(plan.stays, _shown, MAX_FILES):
                print_line(line)
            differs = "other " if plan.stays else ""
            print_line(f"no {differs}file differs from how it was before {row.name}")
            return 0
        notes = [*_notes(info, plan), *_later_changes(directory, rows, plan)]
        if without_asking:
            for note in notes:
                print_error(note)
        elif not _confirmed(info, row, plan, notes, again=attempt > 0):
            print_line("no files were restored")
            return 1
        # Ctrl+C, which git would get, too, waits until the restore is whole.
        previous = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return _report(info, row, plan, restoring.restore(directory, plan, info.id))
        except FilesChanged:
            continue
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, previous)
    raise OutliveError(f"the files of {info.name} change all the time; stop the agent first: outlive stop {info.name}")


def _confirmed(info: SessionInfo, row: Row, plan: Plan, notes: Sequence[str], *, again: bool) -> bool:
    if again:
        print("Files have changed in the meantime.")
    for line in listing(plan):
        print(line)
    for note in notes:
        print(one_line(f"{note[:1].upper()}{note[1:]}."))
    print("This also undoes changes that you or other chats made to these files since then. You can undo it.")
    return confirmed(f"Restore {_files(len(plan.files))} of {info.name} to before {row.name}?")


def listing(plan: Plan) -> Iterator[str]:
    """A line for each file and its change; if there are many files, their numbers."""
    for file in plan.files[:MAX_FILES]:
        yield f"  {_WORDS[file.how]}  {_shown(file.path)}"
    if len(plan.files) > COUNTED_FILES:
        words = [_WORDS[file.how] for file in plan.files]
        counts = ", ".join(f"{count:,} to {word}" for word in _WORDS.values() if (count := words.count(word)))
        more = len(plan.files) - MAX_FILES
        yield f"  … and {more:,} more; in all {counts}" if more > 0 else f"In all {counts}."


def _notes(info: SessionInfo, plan: Plan) -> Iterator[str]:
    """Warnings before a restore, one line each."""
    if info.status.activity == Activity.WORKING:
        yield f"the agent of {info.name} is working, and may change files during the restore"
    then, now = plan.point.branch, plan.branch
    if then and now and then != now:
        yield f"the branch was {then}; {now} stays checked out"
    yield from stay_lines(plan.stays, _shown, MAX_FILES)
    if plan.too_large and not plan.stays:  # The machine has version 0.1.0.
        yield f"{_files(plan.too_large)} could not be saved: not restored"
    if not plan.keeps_untracked:
        yield "new files were not saved, and none is deleted"
    if plan.submodules:
        yield f"submodules stay as they are ({plan.submodules})"


def _later_changes(directory: Path, rows: Sequence[Row], undo: Plan) -> Iterator[str]:
    """Which files the undo of a restore changes that are not as the restore left them, one line."""
    if not (restored_ms := undo.point.about.restores):
        return
    restored = next((row.point for row in rows if row.point.at_ms == restored_ms), None)
    if restored is None:
        yield "what has changed since the restore is unknown"
    elif paths := changed_since_restore(directory, undo, restored):
        yield f"{_files(len(paths))} changed since the restore: {_named(paths, MAX_FILES)}"


def _named(paths: Sequence[str], most: int) -> str:
    return ", ".join(_shown(path) for path in paths[:most]) + (", …" if len(paths) > most else "")


def _report(info: SessionInfo, row: Row, plan: Plan, outcome: Restored) -> int:
    if outcome.failed:
        paths = _named(outcome.failed, MAX_FAILED)
        reason = f" ({_shown(outcome.problem).rstrip('.')})" if outcome.problem else ""
        print_error(f"{len(outcome.failed)} of {_files(len(plan.files))} were not restored: {paths}{reason}")
    what = f"undid the {row.made_by}" if row.point.about.restores else "restored the files"
    done = f"{what} of {info.name}: {_files(outcome.restored)} as before {row.name}"
    print_line(f"{done}; undo: outlive restore {shlex.quote(info.name)} --undo")
    for line in stay_lines(outcome.stayed, _shown, MAX_FAILED):
        print_line(line)
    return 1 if outcome.failed else 0


def _shown(path: str) -> str:
    """A path or a message for the terminal: bytes that are not UTF-8 become escapes."""
    return one_line(readable(path))


# ------------------------------------------------------------ the changes


def _print_diff(info: SessionInfo, row: Row) -> int:
    """Print what has changed since a restore point, for people: control characters are left out."""
    from session_host.client.worktrees.changes import read_changes

    changes = read_changes(Path(info.facts.origin.cwd), "prompt", point=row.point)
    is_colored = has_colors()
    for file in changes.files:
        numbers = file.withheld or f"+{file.added} -{file.removed}"
        previous = f"{_shown(file.old_path)} -> " if file.old_path else ""
        head = f"{file.state}  {previous}{_shown(file.path)}  {numbers}"
        print(f"\x1b[1m{head}\x1b[0m" if is_colored else head)
        for line in file.patch.splitlines():
            text = plain(line, len(line), keep_lines=True)
            color = _COLORS.get(line[:1], "") if is_colored else ""
            print(f"{color}{text}\x1b[0m" if color else text)
    if changes.more:
        print(f"… and {_files(changes.more)} more")
    if not changes.files:
        print_line(f"no file differs from how it was before {row.name}")
    return 0
