"""``outlive sleep``: ends chats' agents so that a text wakes each chat in its place."""

from __future__ import annotations

import argparse

from session_host.errors import OutliveError
from session_host.standing.sleep import gave_back

from .output import print_error, print_line
from .session_argument import find, name_and_id


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    parser.add_argument("sessions", metavar="CHAT", nargs="+", help="name, id or unique id prefix")
    parser.add_argument(
        "--anyway", action="store_true", help="also if something ends with the agent; the command names it"
    )
    parser.epilog = (
        "The agent ends; the chat keeps its place, name and last screen, and `outlive send CHAT TEXT --enter` wakes "
        "it. Only an idle agent is put to sleep that waits for nothing and has started nothing that still runs. What "
        "was chosen in the agent for this session alone ends with it: modes, models, “always allow”, and its timers."
    )


def run(options: argparse.Namespace) -> int:
    """Put each chat to sleep, and say so or why not in its line."""
    code = 0
    for text in options.sessions:
        try:
            print_line(_put_to_sleep(text, anyway=options.anyway))
        except OutliveError as error:
            print_error(str(error))
            code = error.exit_code
    return code


def _put_to_sleep(text: str, *, anyway: bool) -> str:
    from session_host.client.chats.sleeping import put_to_sleep  # `--help` is quick
    from session_host.system import event_loop

    info = find(text)
    ended = event_loop.run_command(put_to_sleep(info.id, anyway=anyway))
    said = gave_back(find(info.id).facts.outcome)
    return f"asleep: {name_and_id(info)}{said and f', {said}'}{ended and f'; it {ended}'}"
