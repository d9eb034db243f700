"""How a chat ended: in words, whether it failed, and whether lists still show it."""

from __future__ import annotations

import signal
from datetime import timedelta
from typing import Final, NamedTuple

from session_host.protocol.facts import SLEEP, ChatFacts, Outcome
from session_host.protocol.values import State
from session_host.system.clock import parse_time

STARTS_WITHIN = timedelta(seconds=3)
"""A shell that ends with an error so soon after its start has failed to start, as after a mistake in its own files."""


class End(NamedTuple):
    """How a chat ended, in words.

    Attributes:
        phrase: in the window, such as "Ended with exit code 3".
        status: in the tables of commands, such as "exit code 3".
        predicate: what commands print after the chat's name, such as "has ended (exit code 3)".
    """

    phrase: str
    status: str
    predicate: str


_UNSTARTED = "did not start: the command that started it was interrupted; start it again"
# fmt: off
_ENDS: Final = {
    "interrupted": End("Interrupted by a restart", "interrupted", "was interrupted by a restart"),
    "lost": End("Ended unexpectedly", "lost", "ended unexpectedly: its background process is gone"),
    "unstarted": End("Failed to start", "unstarted", _UNSTARTED),
    "stop": End("Stopped by you", "stopped by you", "was stopped by you"),
    "kill": End("Killed by you", "killed by you", "was killed by you"),
    "idle": End("Ended when idle", "ended when idle", "was ended when idle"),
    SLEEP: End("Asleep", "asleep", "is asleep"),
}
# fmt: on
"""By ``Outcome.reason`` and ``Outcome.end_request``."""
_WOKEN: Final = End("Woken", "woken", "was woken, and continues in another chat")


def end_of(outcome: Outcome) -> End:
    """How a chat with this outcome ended."""
    if (end := _ENDS.get(outcome.reason or outcome.end_request)) is not None:
        return end
    if outcome.exit_signal:
        name = _signal_name(outcome.exit_signal)
        phrase, status = f"Ended by {name or f'signal {outcome.exit_signal}'}", f"signal {outcome.exit_signal}"
        status += f" ({name})" if name else ""
    elif outcome.exit_code is not None:
        status = f"exit code {outcome.exit_code}"
        phrase = f"Ended with {status}" if outcome.exit_code else "Finished"
    else:
        phrase, status = "Ended", "unknown cause"
    return End(phrase, status, f"has ended ({status})")


def how_ended(facts: ChatFacts) -> End:
    """How a chat ended; one that was woken does not sleep any more."""
    was_woken = facts.outcome.was_put_to_sleep and facts.entry.continued_by is not None
    return _WOKEN if was_woken else end_of(facts.outcome)


def _signal_name(number: int) -> str:
    """The name of a signal, such as "SIGTERM"; "" for one without a name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return ""


def last_command(exit_code: int | None) -> str:
    """The end of a shell's last command in words; "" if unknown."""
    if exit_code is None:
        return ""
    return f"last command ended with {exit_code}" if exit_code else "last command succeeded"


def has_failed(facts: ChatFacts) -> bool:
    """Whether a chat was lost, but not by a restart of the computer, or ended by itself with an error."""
    outcome = facts.outcome
    if outcome.state is State.LOST:
        return outcome.reason != "interrupted"
    # After `exit`, a shell has the exit code of its last command.
    exit_code = None if facts.origin.is_shell else outcome.exit_code
    return outcome.state is State.EXITED and not outcome.end_request and bool(exit_code or outcome.exit_signal)


def was_left(facts: ChatFacts) -> bool:
    """Whether the user has left a shell, as by ``exit`` or Ctrl+D; its exit code is that of its last command."""
    outcome = facts.outcome
    if not facts.origin.is_shell or outcome.state is not State.EXITED or outcome.end_request:
        return False
    if outcome.exit_code is None or outcome.exit_signal is not None:
        return False
    return not outcome.exit_code or not _ended_at_start(facts)


def is_unlisted(facts: ChatFacts) -> bool:
    """Whether lists leave a chat out unless it has a tab: the user left the shell, or stopped it, as with its tab.

    So they do with one that was woken.
    """
    outcome = facts.outcome
    was_stopped = facts.origin.is_shell and outcome.state is State.EXITED and outcome.end_request == "stop"
    # The chat that continues one that slept has its place.
    was_woken = outcome.was_put_to_sleep and facts.entry.continued_by is not None
    return was_woken or ((was_stopped or was_left(facts)) and not is_kept(facts))


def is_kept(facts: ChatFacts) -> bool:
    """Whether the user wants to see a chat again: it is pinned, has a name that the user chose, or a worktree."""
    return facts.entry.pinned or facts.origin.worktree is not None or facts.entry.is_named


def _ended_at_start(facts: ChatFacts) -> bool:
    began, ended = parse_time(facts.origin.created_at), parse_time(facts.outcome.ended_at)
    return began is None or ended is None or ended - began < STARTS_WITHIN
