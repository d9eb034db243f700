"""``outlive export``: a chat's whole recording as a file."""

from __future__ import annotations

import argparse
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from session_host.cli.session_argument import SessionInfo, add_session_argument, find
from session_host.errors import OutliveError, UsageError

FORMATS = (".cast", ".txt", ".html")

_BUFFER_BYTES = 1024 * 1024


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what the verb takes."""
    add_session_argument(parser)
    parser.add_argument("file", metavar="FILE", help="output file: .cast (recording), .txt (text) or .html (web page)")
    parser.epilog = "A .cast file is asciicast v3, for asciinema. A .txt file has every line ever shown."


def run(options: argparse.Namespace) -> int:
    """Write the file, in the form that its name asks for."""
    path = Path(options.file)
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise UsageError(f"{options.file}: name it FILE.cast, FILE.txt or FILE.html")
    write_whole(path, _content(suffix, find(options.session)))
    return 0


def _content(suffix: str, info: SessionInfo) -> Iterator[str]:
    from session_host.cli.recording.recording import recording_of

    recording = recording_of(info)
    if suffix == ".cast":
        from session_host.cli.recording.cast import cast_of

        return cast_of(recording, info)
    if suffix == ".html":
        from session_host.cli.recording.html_page import html_of

        return html_of(recording, info)
    from session_host.cli.recording.text import text_of

    return text_of(recording)


def write_whole(path: Path, content: Iterator[str]) -> None:
    """Write a file, wholly or not at all: what was there stays until all is written.

    It is for its user alone, as the recording is, unless a file of other permissions was there.

    Raises:
        OutliveError: something that is no file is there.
        OSError: it cannot be written.
    """
    # A symbolic link stays one, and the file that it leads to is written.
    target = Path(os.path.realpath(path))
    mode = 0o600
    try:
        found = target.stat()
    except FileNotFoundError:
        pass
    else:
        if not stat.S_ISREG(found.st_mode):
            raise OutliveError(f"{path}: not a file; choose another name")
        mode = stat.S_IMODE(found.st_mode)
    try:
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.", suffix=".new")
    except OSError as error:
        raise OutliveError(f"{path}: cannot write it ({error.strerror}); choose another place") from error
    unfinished = Path(name)
    try:
        with open(descriptor, "w", _BUFFER_BYTES, encoding="utf-8", errors="replace", newline="\n") as file:  # noqa: PTH123
            file.writelines(content)
            os.fchmod(file.fileno(), mode)
        unfinished.replace(target)
    except OSError as error:
        raise OutliveError(
            f"{path}: cannot write it ({error.strerror}); free some space, or choose another place"
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
