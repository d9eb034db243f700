"""``outlive export``: writes a chat's whole recording to a file."""

from __future__ import annotations

import argparse
import codecs
import errno
import json
import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from session_host.cli.arguments import add_session_argument
from session_host.cli.output import confirmed, print_error, print_line
from session_host.cli.recording.recording import recording_of
from session_host.cli.session_argument import find, machine_and_chat
from session_host.client.sessions.session_info import SessionInfo
from session_host.errors import OutliveError, UsageError
from session_host.standing.traits import TRAITS, traits_of
from session_host.storage.journal import Output, Resize
from session_host.system.files import size_limit

from .recording import Gap, Recording, RestoredState, Step, screen_after_gap

if TYPE_CHECKING:
    from .there import Fetched

_BUFFER_BYTES = 1024 * 1024


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    add_session_argument(parser)
    parser.add_argument("file", metavar="FILE", help="output file; its extension sets the format")
    parser.add_argument("-y", "--yes", action="store_true", help="replace an existing file without asking")
    parser.epilog = (
        "Formats of a terminal: .cast (asciicast v3, for asciinema), .html, and .txt (every line ever shown). "
        "Formats of a chat view: .md (Markdown), .html, .txt, and .json (messages, tool calls and questions)."
    )


def run(options: argparse.Namespace) -> int:
    """Write the file, in the format of its suffix; exit code 1 if output is missing that the limit has not removed."""
    path = Path(options.file)
    suffix = path.suffix.lower()
    if suffix not in {each for traits in TRAITS.values() for each in traits.formats}:
        raise UsageError(f"{options.file}: name it FILE.cast, FILE.txt, FILE.html, FILE.md or FILE.json")
    entry, chat = machine_and_chat(options.session)
    if entry is not None:
        from session_host.cli.recording.there import NotSent, fetched

        try:
            with fetched(entry, chat) as came:
                _check_format(suffix, came.info)
                if not _may_replace(path, options):
                    return 1
                write_whole(path, _content_of(suffix, came))
                return _report(path, came.info, is_damaged=came.is_damaged)
        except NotSent as refused:
            return refused.code
    info = find(options.session)
    _check_format(suffix, info)
    if not _may_replace(path, options):
        return 1
    damage: list[None] = []
    write_whole(path, _content(suffix, info, lambda: damage.append(None)))
    return _report(path, info, is_damaged=bool(damage))


def _may_replace(path: Path, options: argparse.Namespace) -> bool:
    """Whether the file is new, or its user agrees to replace it. A script, which nobody can ask, replaces it."""
    if options.yes or not sys.stdin.isatty() or not path.exists() or confirmed(f"{path} exists. Replace it?"):
        return True
    print_line("nothing was written")
    return False


def _check_format(suffix: str, info: SessionInfo) -> None:
    traits = traits_of(info.facts)
    *others, last = traits.formats
    if suffix not in traits.formats:
        raise UsageError(f"{info.name} {traits.predicate}: name the file FILE{', FILE'.join(others)} or FILE{last}")


def _report(path: Path, info: SessionInfo, *, is_damaged: bool) -> int:
    if is_damaged:
        print_error(
            f"{path} is written, but without all that {info.name} showed: its recording is damaged, or the disk was "
            "full; the file says what is missing"
        )
        return 1
    return 0


def _content(suffix: str, info: SessionInfo, on_damage: Callable[[], object]) -> Iterator[str]:
    if traits_of(info.facts).has_transcript:
        from session_host.cli.recording.transcript_export import content_of, transcript_of

        damage: list[None] = []
        transcript = transcript_of(info, lambda: damage.append(None))
        if damage:
            on_damage()
        return content_of(suffix, transcript, info, is_complete=not damage)
    return _terminal_content(suffix, recording_of(info, on_damage), info)


def _content_of(suffix: str, came: Fetched) -> Iterator[str]:
    if came.transcript is not None:
        from session_host.cli.recording.transcript_export import content_of

        return content_of(suffix, came.transcript, came.info, is_complete=not came.is_damaged)
    assert came.recording is not None
    return _terminal_content(suffix, came.recording, came.info)


def _terminal_content(suffix: str, recording: Recording, info: SessionInfo) -> Iterator[str]:
    if suffix == ".cast":
        return cast_of(recording, info)
    if suffix == ".html":
        from session_host.cli.recording.html_page import html_of

        return html_of(recording, info)
    from session_host.cli.recording.lines import text_of

    return text_of(recording)


def write_whole(path: Path, content: Iterator[str]) -> None:
    """Write a file atomically: a previous file stays until everything is written.

    Only the user may read the file, like the recording; an existing file keeps its permissions.

    Raises:
        OutliveError: the path is not a regular file, or it cannot be written.
    """
    # Follow a symbolic link, and write its target.
    target = Path(os.path.realpath(path))
    mode = 0o600
    try:
        status = target.stat()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise _unwritable(path, error) from error
    else:
        if not stat.S_ISREG(status.st_mode):
            raise OutliveError(f"{path}: not a file; choose another name")
        mode = stat.S_IMODE(status.st_mode)
    try:
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.", suffix=".new")
    except OSError as error:
        raise _unwritable(path, error) from error
    unfinished = Path(name)
    try:
        with open(descriptor, "w", _BUFFER_BYTES, encoding="utf-8", errors="replace", newline="\n") as file:  # noqa: PTH123
            file.writelines(content)
            os.fchmod(file.fileno(), mode)
        unfinished.replace(target)
    except OSError as error:
        limit = size_limit(unfinished.stat().st_size) if error.errno == errno.EFBIG and unfinished.exists() else ""
        raise _unwritable(path, error, limit or "free some space, or choose another path") from error
    finally:
        unfinished.unlink(missing_ok=True)


def _unwritable(path: Path, error: OSError, remedy: str = "choose another path") -> OutliveError:
    return OutliveError(f"{path}: cannot write it ({error.strerror}); {remedy}")


_NS_PER_S = 1_000_000_000


def cast_of(recording: Recording, info: SessionInfo) -> Iterator[str]:
    """Yield the file line by line."""
    steps = recording.steps()
    first = next(steps, None)
    header: dict[str, object] = {
        "version": 3,
        "term": {"cols": recording.size.columns, "rows": recording.size.rows, "type": "xterm-256color"},
        "timestamp": first.time_ns // _NS_PER_S if first is not None else 0,
        "title": info.name,
    }
    yield _line(header)
    events = _Events(recording)
    if first is not None:
        # The header has the first size.
        yield from events.of(first) if not isinstance(first, Resize) else events.begun(first.time_ns)
    for step in steps:
        yield from events.of(step)
    yield from events.ended(info)


class _Events:
    """Converts steps to events, each with the seconds since the one before."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._last_ns: int | None = None

    def begun(self, time_ns: int) -> Iterator[str]:
        """Set the start of time."""
        self._last_ns = time_ns
        yield from ()

    def of(self, step: Step) -> Iterator[str]:
        match step:
            case Output(data=data):
                # A character may be split between two events; bytes that are not UTF-8 are replaced.
                if text := self._decoder.decode(data):
                    yield self._event(step.time_ns, "o", text)
            case Resize(size=size):
                yield self._event(step.time_ns, "r", str(size))
            case Gap():
                yield from self._rest(step.time_ns)
                yield self._event(step.time_ns, "m", str(step))
            case RestoredState():
                if screen := screen_after_gap(self._recording, step):
                    yield self._event(step.time_ns, "o", screen.decode("utf-8", "replace"))

    def ended(self, info: SessionInfo) -> Iterator[str]:
        """Yield the program's exit status, if it is known, as a shell reports it."""
        time_ns = self._last_ns or 0
        yield from self._rest(time_ns)
        if info.facts.outcome.exit_signal is not None:
            yield self._event(time_ns, "x", str(128 + info.facts.outcome.exit_signal))
        elif info.facts.outcome.exit_code is not None:
            yield self._event(time_ns, "x", str(info.facts.outcome.exit_code))

    def _rest(self, time_ns: int) -> Iterator[str]:
        """Yield an incomplete last character."""
        if text := self._decoder.decode(b"", final=True):
            yield self._event(time_ns, "o", text)
        self._decoder.reset()

    def _event(self, time_ns: int, code: str, data: str) -> str:
        # A wall clock may be set back; time then continues from there.
        passed_ns = max(0, time_ns - self._last_ns) if self._last_ns is not None else 0
        self._last_ns = time_ns
        return _line([round(passed_ns / _NS_PER_S, 6), code, data])


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"
