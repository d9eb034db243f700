"""``outlive events``: print what happens in all chats, one line each, as it comes. Nothing is lost, or comes twice.

First comes ``hello`` with a cursor, then the state of each chat at that place, then the events after it. With
``--since`` come the events after that cursor instead. The cursor of any line is a place to go on from.
"""

from __future__ import annotations

import argparse
import sys

from session_host.machines.names import HERE
from session_host.protocol.events import KINDS

from .here import EventsHere
from .lines import LinePrinter


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    parser.add_argument("chats", metavar="CHAT", nargs="*", help="name, id or unique id prefix; all without any")
    parser.add_argument("--since", metavar="CURSOR", help="what came after this cursor, in place of all states")
    parser.add_argument("--anyway", action="store_true", help="with a cursor that is lost, begin again with all states")
    parser.add_argument(
        "--event",
        metavar="KIND",
        action="append",
        choices=KINDS,
        help=f"only events of this kind, and no states: {', '.join(KINDS)}",
    )
    parser.add_argument("--mine", action="store_true", help="only chats that the calling agent started")
    parser.add_argument("--on", metavar="NAME", default="", help="of another machine; all: of all machines")
    parser.add_argument("--once", action="store_true", help="do not wait for more")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON object a line")
    form.add_argument("--bell", action="store_true", help="ring the terminal's bell with each event")
    parser.epilog = "A cursor that is lost gives exit code 11: it is too old, or of another database of chats."


def run(options: argparse.Namespace) -> int:
    """Print the events until the reader goes, or all that are there."""
    if options.on not in {"", HERE}:
        from .machines import follow_machines  # rarely needed

        return follow_machines(options)
    printer = LinePrinter(is_json=options.json, rings=options.bell)
    for lines in EventsHere(options, options.since, _stdout()).batches():
        for line in lines:
            printer.print(line)
        printer.flush()
    return 0


def _stdout() -> int | None:
    try:
        return sys.stdout.fileno()
    except (OSError, ValueError):
        return None
