"""``outlive kill-all``: end every running chat at once."""

from __future__ import annotations

import argparse
import asyncio
import sys

from session_host.cli.confirmation import confirmed
from session_host.cli.output import print_error, print_line
from session_host.cli.session_argument import SessionInfo, all_sessions
from session_host.client.control import request
from session_host.errors import OutliveError, SessionEnded, UsageError
from session_host.protocol.messages import Kill
from session_host.system import event_loop


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask for confirmation")


def run(options: argparse.Namespace) -> int:
    """Kill all agents, after confirmation."""
    if not options.yes and not sys.stdin.isatty():
        raise UsageError("kill-all kills every running chat; without a terminal, confirm with --yes")
    infos = all_sessions(ended=False)
    if not infos:
        print_line("no running chats")
        return 0
    names = ", ".join(info.name for info in infos)
    chats = "1 running chat" if len(infos) == 1 else f"{len(infos)} running chats"
    if not options.yes and not confirmed(f"Kill {chats}: {names}?"):
        print_line("no chats were killed")
        return 1
    failures = event_loop.run_command(kill(infos))
    for failure in failures:
        print_error(failure)
    ended = len(infos) - len(failures)
    print_line(f"killed {ended} {'chat' if ended == 1 else 'chats'}")
    return 1 if failures else 0


async def kill(infos: list[SessionInfo]) -> list[str]:
    """Kill all chats at once; returns a line for each that could not be killed."""
    results = await asyncio.gather(*(request(info.id, Kill(0)) for info in infos), return_exceptions=True)
    failures = []
    for info, result in zip(infos, results, strict=True):
        if isinstance(result, OutliveError):
            if not isinstance(result, SessionEnded):
                failures.append(f"{info.name}: {result}")
        elif isinstance(result, BaseException):
            raise result
    return failures
