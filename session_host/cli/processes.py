"""``outlive logs`` and ``outlive upgrade``: the processes behind chats."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from session_host.client.sessions.hosts import UpgradeResult, upgrade
from session_host.errors import OutliveError, UsageError
from session_host.paths import keeper_log, session_log, window_log
from session_host.storage.store import Store
from session_host.system.log_rotation import rotated_path

from .output import print_error, print_line
from .session_argument import find, require_running, with_store


def configure_logs(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    parser.add_argument(
        "session",
        metavar="CHAT",
        nargs="?",
        help="name, id or unique id prefix; without it, the log of the process that starts the others (keeper)",
    )
    parser.add_argument("--window", action="store_true", help="print the window's unexpected errors and crashes")
    parser.add_argument("-f", "--follow", action="store_true", help="print new lines as they come")


def run_logs(options: argparse.Namespace) -> int:
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


def configure_upgrade(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    parser.add_argument("session", metavar="CHAT", nargs="?", help="only this chat: name, id or unique id prefix")


def run_upgrade(options: argparse.Namespace) -> int:
    """Replace the keeper and the hosts, one after the other; a host that cannot be replaced keeps running."""
    session_id = require_running(find(options.session)).id if options.session is not None else None

    def told(store: Store) -> list[UpgradeResult]:
        results = []
        for result in upgrade(store, session_id):
            results.append(result)
            (print_line if result.ok else print_error)(f"{result.name}: {result.message}")
        return results

    results = with_store(told)
    if not results:
        print("no running chats to upgrade")
    return 0 if all(result.ok for result in results) else 1
