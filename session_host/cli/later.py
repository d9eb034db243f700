"""``outlive send CHAT TEXT --at TIME``: sends a prompt at a time; ``--cancel`` takes it back."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from session_host.cli.output import print_line
from session_host.cli.session_argument import ask, name_and_id, with_store
from session_host.client.permission import check_may_answer
from session_host.client.sessions.session_info import SessionInfo
from session_host.errors import UsageError
from session_host.protocol.messages import Done, SendLater
from session_host.standing.clock_times import WantedTime, wanted_time, whole_time
from session_host.standing.later_prompt import NOTHING_WAITS
from session_host.system.clock import as_text, parse_time


def at_time(text: str) -> WantedTime:
    """The time of ``--at``, in the zone of who types it.

    Raises:
        UsageError: it is no time that is to come.
    """
    try:
        return wanted_time(text, datetime.now(UTC))
    except (ValueError, OverflowError) as error:
        raise UsageError(f"--at: {error}") from None


def in_utc(words: list[str]) -> list[str]:
    """The words of a command with the value of ``--at`` in UTC, for a machine in another zone.

    Raises:
        UsageError: as ``at_time``.
    """
    found: list[str] = []
    for word in words:
        is_value = bool(found) and found[-1] == "--at"
        name, _, value = ("", "", word) if is_value else word.partition("=")
        if is_value or (name == "--at" and value):
            value = as_text(at_time(value).moment.timestamp())
        found.append(value if is_value else f"{name}={value}" if name == "--at" and "=" in word else word)
    return found


def send_later(info: SessionInfo, options: argparse.Namespace, text: str) -> int:
    """Let the chat's host send a prompt at a time, in place of another one that waits."""
    wanted = at_time(options.at)
    before = info.facts.later
    done: Done = ask(info.id, SendLater(0, text, as_text(wanted.moment.timestamp())))
    due = parse_time(done.note) or wanted.moment
    notes = ["; the first of two such times that day"] if wanted.is_first_of_two else []
    notes += ["; in place of another prompt"] if before is not None and before.waits else []
    print_line(f"to be sent to {name_and_id(info)} at {whole_time(due)}{''.join(notes)}")
    return 0


def cancel(info: SessionInfo) -> int:
    """Take back the prompt that is to be sent at a time, also of an ended chat, which is not to be resumed with it."""
    if not info.facts.outcome.is_over:
        ask(info.id, SendLater(0))
    elif info.facts.later is None:
        raise UsageError(NOTHING_WAITS)
    else:
        check_may_answer(info.facts)
        with_store(lambda store: store.update(info.id, later=None))
    print_line(f"nothing is to be sent to {name_and_id(info)} any more")
    return 0
