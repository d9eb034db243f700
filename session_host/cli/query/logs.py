"""``outlive logs``: the log of the process behind a chat; it never contains the chat's text."""

from __future__ import annotations

import argparse
import shutil
import sys

from session_host.cli.session_argument import find
from session_host.errors import OutliveError
from session_host.paths import keeper_log, session_log
from session_host.system.log_rotation import aside


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what the verb takes."""
    parser.add_argument(
        "session", metavar="SESSION", nargs="?", help="name, id or unique id prefix; without it, the keeper"
    )


def run(options: argparse.Namespace) -> int:
    """Print a log."""
    path = keeper_log() if options.session is None else session_log(find(options.session).id)
    try:
        for each in (aside(path), path):
            if each == path or each.exists():
                with each.open(encoding="utf-8", errors="replace") as log:
                    shutil.copyfileobj(log, sys.stdout)
    except FileNotFoundError as error:
        raise OutliveError(f"no log yet ({path})") from error
    except OSError as error:
        raise OutliveError(f"{path}: cannot read it ({error.strerror})") from error
    return 0
