"""``outlive export``: writes a chat's whole recording to a file."""

from __future__ import annotations

import argparse
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from session_host.cli.output import print_error
from session_host.cli.session_argument import SessionInfo, add_session_argument, find
from session_host.errors import OutliveError, UsageError

FORMATS = (".cast", ".txt", ".html")
"""The formats of a terminal's recording."""

STRUCTURED_FORMATS = (".md", ".txt", ".html", ".json")
"""The formats of a chat view."""

_BUFFER_BYTES = 1024 * 1024


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    add_session_argument(parser)
    parser.add_argument("file", metavar="FILE", help="output file; its extension sets the format")
    parser.epilog = (
        "Formats of a terminal: .cast (asciicast v3, for asciinema), .html, and .txt (every line ever shown). "
        "Formats of a chat view: .md (Markdown), .html, .txt, and .json (messages, tool calls and questions)."
    )


def run(options: argparse.Namespace) -> int:
    """Write the file, in the format of its suffix; exit code 1 if output is missing that the limit has not removed."""
    path = Path(options.file)
    suffix = path.suffix.lower()
    if suffix not in {*FORMATS, *STRUCTURED_FORMATS}:
        raise UsageError(
            f"{options.file or 'FILE is empty'}: name it FILE.cast, FILE.txt, FILE.html, FILE.md or FILE.json"
        )
    info = find(options.session)
    formats = STRUCTURED_FORMATS if info.runtime == "structured" else FORMATS
    if suffix not in formats:
        kind = "is a chat view" if info.runtime == "structured" else "runs in a terminal"
        raise UsageError(f"{info.name} {kind}: name the file FILE{', FILE'.join(formats[:-1])} or FILE{formats[-1]}")
    damage: list[None] = []
    write_whole(path, _content(suffix, info, lambda: damage.append(None)))
    if damage:
        print_error(
            f"{path} is written, but without all that {info.name} showed: its recording is damaged, or the disk was "
            "full; the file says what is missing"
        )
        return 1
    return 0


def _content(suffix: str, info: SessionInfo, on_damage: Callable[[], object]) -> Iterator[str]:
    if info.runtime == "structured":
        from session_host.cli.recording.transcript_export import content_of

        return content_of(suffix, info, on_damage)
    from session_host.cli.recording.recording import recording_of

    recording = recording_of(info, on_damage)
    if suffix == ".cast":
        from session_host.cli.recording.cast import cast_of

        return cast_of(recording, info)
    if suffix == ".html":
        from session_host.cli.recording.html_page import html_of

        return html_of(recording, info)
    from session_host.cli.recording.text import text_of

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
        raise _unwritable(path, error, "free some space, or choose another path") from error
    finally:
        unfinished.unlink(missing_ok=True)


def _unwritable(path: Path, error: OSError, remedy: str = "choose another path") -> OutliveError:
    return OutliveError(f"{path}: cannot write it ({error.strerror}); {remedy}")
