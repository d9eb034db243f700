"""``outlive logs``: the log of the process behind a chat, which never contains the chat's text; or the window's."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from session_host.cli.session_argument import find
from session_host.errors import OutliveError, UsageError
from session_host.paths import keeper_log, session_log, window_log
from session_host.system.log_rotation import rotated_path


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    parser.add_argument(
        "session",
        metavar="CHAT",
        nargs="?",
        help="name, id or unique id prefix; without it, the log of the process that starts the others (keeper)",
    )
    parser.add_argument("--window", action="store_true", help="print the window's unexpected errors and crashes")
    parser.add_argument("-f", "--follow", action="store_true", help="print new lines as they come")


def run(options: argparse.Namespace) -> int:
    """Print a log."""
    if options.window and options.session is not None:
        raise UsageError("--window shows the window's own log; leave the chat out")
    if options.window:
        path = window_log()
    else:
        path = keeper_log() if options.session is None else session_log(find(options.session).id)
    earlier = ""
    try:
        with contextlib.suppress(FileNotFoundError):
            earlier = rotated_path(path).read_text(encoding="utf-8", errors="replace")
        log = path.read_bytes()
    except FileNotFoundError as error:
        nothing = "the window has not been opened yet" if options.window else "nothing is logged yet"
        raise OutliveError(f"{nothing} (there is no {path})") from error
    except OSError as error:
        raise OutliveError(f"{path}: cannot read it ({error.strerror}); run `outlive doctor`") from error
    sys.stdout.write(earlier)
    sys.stdout.write(log.decode(errors="replace"))
    if options.follow:
        _follow(path, len(log))
    return 0


def _follow(path: Path, printed_bytes: int) -> NoReturn:
    """Replace this process by tail(1), which continues in the new file when the log is rotated."""
    sys.stdout.flush()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        os.execvp("tail", ["tail", "-c", f"+{printed_bytes + 1}", "-F", "--", str(path)])  # noqa: S606 - no shell is wanted
    except OSError as error:
        raise OutliveError(f"cannot run tail ({error.strerror}); use `outlive logs` without --follow") from error
