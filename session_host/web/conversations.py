"""A chat's conversation for the page: from a chat view's transcript, or from the record of an agent in a terminal."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Final, NamedTuple

from msgspec.structs import replace

from session_host.client.chats.agent_record import recorded_conversation
from session_host.client.chats.last_view import last_transcript_for
from session_host.client.machine import ANSWER_S, Machine
from session_host.client.sessions.session_info import SessionInfo
from session_host.client.viewer.transcript_watch import watch_transcript
from session_host.errors import HostUnavailable, NotAllowed, OutliveError
from session_host.protocol.facts import ChatFacts
from session_host.protocol.shown_duration import told_duration
from session_host.protocol.turns import TurnFacts, TurnWork
from session_host.protocol.untrusted_text import one_line, plain
from session_host.protocol.values import RUNNING_STATES
from session_host.standing.accounts import of_account
from session_host.standing.clock_times import told_time
from session_host.standing.later_prompt import CONTINUE, continues_at, later_words, text_of
from session_host.standing.limits import limit_name
from session_host.standing.traits import traits_of
from session_host.structured.decisions import Decision, decision, in_lines, in_turn, told
from session_host.structured.items import Item, UsageLimit
from session_host.structured.text import TextLine, answered, item_lines
from session_host.structured.transcript import BUILD, Transcript
from session_host.structured.turns import TurnSpan, answer_in, took_ms, turns_backwards
from session_host.system.clock import as_text, moment_of, parse_time

from .changed_lines import of_text
from .errors import PageError
from .forms import Decided, LimitUse, Queued, Step, TurnRow, Unfolded, Way
from .markdown import html_of

MAX_TURNS: Final = 50
"""How many turns the page gets; earlier ones are read on the computer."""

RENDERED: Final = 2
"""How many of the last answers are rendered at once."""

_LONG_CHAT_S: Final = 60.0
"""How long a chat of this machine may take: one with a gigabyte of pictures on a busy machine."""

MAX_PROMPT_CHARACTERS: Final = 4000
MAX_STEP_LINES: Final = 400

_SAME_RESET_MS: Final = 60_000
"""Agents round the time of a reset."""


class Conversation(NamedTuple):
    """What is shown of a chat's conversation."""

    turns: list[TurnRow]
    queue: Sequence[Queued] = ()
    plan: Sequence[tuple[str, str]] = ()
    limits: Sequence[LimitUse] = ()
    note: str = ""
    can_interrupt: bool = False
    has_earlier: bool = False
    """Whether earlier turns are left out."""


async def conversation_of(machine: Machine, info: SessionInfo) -> Conversation:
    """The conversation of a chat."""
    if traits_of(info.facts).has_transcript:
        transcript = await _transcript(machine, info)
        return await asyncio.to_thread(_of_transcript, transcript, info)
    try:
        turns = await asyncio.wait_for(machine.call(recorded_conversation, info.id, MAX_TURNS + 1), ANSWER_S)
    except OutliveError as error:
        return Conversation([], note=one_line(str(error)))
    has_earlier, turns = len(turns) > MAX_TURNS, turns[-MAX_TURNS:]
    running = info.status.activity in {"working", "needs_input"} and info.state in RUNNING_STATES
    last = len(turns) - 1
    rows = [
        TurnRow(
            turn=f"{turn.at_s:.3f}",
            prompt=plain(turn.prompt, MAX_PROMPT_CHARACTERS, keep_lines=True),
            at=as_text(turn.at_s) if turn.at_s else "",
            took="",
            steps="",
            added=None,
            removed=None,
            outcome="interrupted" if turn.is_stopped else "running" if running and number == last else "",
            error="",
            answer_html=html_of(turn.answer) if number > last - RENDERED else None,
        )
        for number, turn in enumerate(turns)
    ]
    ended = info.status.last
    if rows and not running and ended is not None and ended.outcome == "limit":
        row = replace(rows[-1], outcome="limit", error=one_line(ended.error))
        rows[-1] = _with_limit(row, ended, (), info, CONTINUE)  # The prompt is known by the agent's record alone.
    return Conversation(rows, has_earlier=has_earlier)


async def unfolded(machine: Machine, info: SessionInfo, key: str) -> Unfolded:
    """A turn, whole.

    Raises:
        PageError: there is none of this key.
    """
    if traits_of(info.facts).has_transcript:
        transcript = await _transcript(machine, info)
        for turn in islice(turns_backwards(transcript), MAX_TURNS):
            if turn.prompts[0].id == key:
                return await asyncio.to_thread(_unfolded, turn.items)
    else:
        for recorded in await machine.call(recorded_conversation, info.id, MAX_TURNS):
            if f"{recorded.at_s:.3f}" == key:
                return Unfolded(html_of(recorded.answer), [])
    raise PageError(404, "no_such_turn", "this turn is not known any more")


def _most_s(machine: Machine) -> float:
    """How long a chat's transcript may take."""
    return ANSWER_S if machine.terms.is_far else _LONG_CHAT_S


async def _transcript(machine: Machine, info: SessionInfo) -> Transcript:
    """A chat view's transcript: from its host, else the saved one."""
    if info.state in RUNNING_STATES or info.has_host:
        with contextlib.suppress(NotAllowed, HostUnavailable, TimeoutError):
            watching = watch_transcript(info.id, lambda _: True, machine)
            found = await asyncio.wait_for(watching, _most_s(machine))
            if found is not None:
                return found
    saved = await machine.call(last_transcript_for, info.id, BUILD)
    if saved is None:
        raise PageError(404, "no_conversation", "nothing of this chat was saved")
    return await asyncio.to_thread(saved.restore_transcript, is_own=not machine.terms.is_far)


_OUTCOMES: Final = {
    "interrupted": "interrupted",
    "cut": "interrupted",
    "error": "failed",
    "limit": "limit",
}
"""The page's words; it has none for a turn that went well."""


def later_of(facts: ChatFacts) -> list[Queued]:
    """The prompt that a running chat is to get at a time, or did not get, or that could not wake one; [] for none."""
    if (prompt := facts.later) is None:
        return []
    if facts.outcome.is_over:
        shown = f"{prompt.text} ({prompt.why})" if facts.is_asleep and prompt.wakes else ""
        return [Queued("later", plain(shown, MAX_PROMPT_CHARACTERS), held=True)] if shown else []
    words = plain(later_words(prompt, _clock), MAX_PROMPT_CHARACTERS)
    ways: list[Way] = [("Take back", "later", {})]
    if prompt.stage:
        ways = [("Send now", "later", {"text": text_of(prompt)}), *ways]
    return [Queued("later", words, not prompt.waits, ways)]


def _with_limit(
    row: TurnRow, last: TurnFacts | None, limits: Sequence[UsageLimit], info: SessionInfo | None, again: str
) -> TurnRow:
    """The row of a turn, with the limit that stopped it, and until when.

    Args:
        row: the row.
        last: the turn.
        limits: those that the agent has reported.
        info: the chat, for its last turn: what can be done now.
        again: what the user may send again; "" for nothing.
    """
    if last is None or last.outcome != "limit" or row.outcome != "limit":
        return row
    words, ways = " · ".join(filter(None, ("Stopped by a limit", row.error))), list[Way]()
    prompt = info.facts.later if info is not None else None
    if (resets := parse_time(last.resets_at)) is not None:
        at_ms = resets.timestamp() * 1000
        same = (_limit(each).name for each in limits if abs(each.resets_ms - at_ms) < _SAME_RESET_MS)
        continues = " · continues then" if prompt is not None and prompt.waits and prompt.continues else ""
        account = info.facts.origin.account if info is not None else ""
        words = f"{of_account(next(same, 'Usage limit'), account)}, until {_clock(resets, with_date=True)}{continues}"
    due = parse_time(continues_at(last))
    if info is not None and info.state in RUNNING_STATES:
        if due is not None and due > datetime.now(UTC) and prompt is None:
            ways.append((f"Continue at {_clock(due)}", "later", {"text": CONTINUE, "continues": True}))
        if again:
            ways.append(("Try now", "send", {"text": again}))
    return replace(row, limit=words, ways=ways)


def _clock(moment: datetime, *, with_date: bool = False) -> str:
    return told_time(moment, datetime.now(UTC), with_date=with_date)


def _of_transcript(transcript: Transcript, info: SessionInfo | None = None) -> Conversation:
    found, status = list(islice(turns_backwards(transcript), MAX_TURNS + 1)), transcript.status
    has_earlier, turns = len(found) > MAX_TURNS, found[:MAX_TURNS][::-1]
    limits = status.usage.limits if status.usage is not None else ()
    decided = {
        transcript[position].id: [decision(*answer) for answer in answers]
        for position, answers in answered(transcript).items()
        if position < len(transcript)
    }
    rows = [
        _with_limit(
            _row(
                turn,
                decided,
                is_running=turn.is_last and status.is_running,
                is_rendered=number >= len(turns) - RENDERED,
            ),
            turn.facts,
            limits,
            info if turn.is_last else None,
            _own_text(turn.own_prompt),
        )
        for number, turn in enumerate(turns)
    ]
    queue = [transcript[position] for position in range(transcript.queue_start, len(transcript))]
    plan = next((each.plan for each in reversed(turns[-1].items) if each.kind == "plan"), ()) if turns else ()
    return Conversation(
        rows,
        [Queued(each.id, plain(each.text, 400, keep_lines=True), each.status == "held") for each in queue],
        [(one_line(step.text), step.status) for step in plan],
        [_limit(each) for each in limits],
        can_interrupt=status.can_interrupt,
        has_earlier=has_earlier,
    )


def _own_text(prompt: Item | None) -> str:
    """The text of a prompt that can be sent again by its text."""
    return prompt.text if prompt is not None and not prompt.images else ""


def _row(turn: TurnSpan, decided: Mapping[str, Sequence[Decision]], *, is_running: bool, is_rendered: bool) -> TurnRow:
    facts, work = turn.facts, turn.work
    prompts = "\n\n".join(prompt.text for prompt in turn.prompts)
    return TurnRow(
        turn=turn.prompts[0].id,
        prompt=plain(prompts, MAX_PROMPT_CHARACTERS, keep_lines=True),
        at=as_text(turn.prompts[0].at_ms / 1000),
        took=told_duration(took_ms(facts)),
        steps=_steps(work),
        added=work.added if work.files else None,
        removed=work.removed if work.files else None,
        outcome="running" if is_running else _OUTCOMES.get(facts.outcome, ""),
        error=one_line(facts.error),
        answer_html=html_of(answer_in(turn.items)) if is_rendered else None,
        decided=tuple(
            Decided(each[-1].kind, told(each), _clock(moment_of(each[-1].at_ms)) if each[-1].at_ms else "")
            for each in in_lines(in_turn(turn.items, decided))
        ),
    )


def _unfolded(items: list[Item]) -> Unfolded:
    return Unfolded(html_of(answer_in(items)), [_step(each) for each in items if _is_step(each)])


def _is_step(item: Item) -> bool:
    return item.kind in {"tool", "notice"} and not item.parent


def _step(item: Item) -> Step:
    title, *lines = item_lines(item, folded=False) or [TextLine("")]
    shown = list(of_text(map(_without_margin, islice(lines, MAX_STEP_LINES))))
    if len(lines) > MAX_STEP_LINES:
        shown.append((f"… {len(lines) - MAX_STEP_LINES} more lines", "dim"))
    return Step(title.text, shown)


def _without_margin(line: TextLine) -> TextLine:
    return line._replace(text=line.text.removeprefix("  ")) if line.changed is not None else line


def _steps(work: TurnWork) -> str:
    """What the agent did, in short: ``Edited 3 files · ran 4 commands``."""
    counted = (
        ("edited", work.files, "file"),
        ("ran", work.commands, "command"),
        ("looked at", work.looks, "place"),
        ("used", work.others, "tool"),
    )
    return " · ".join(_count(verb, number, what) for verb, number, what in counted if number).capitalize()


def _count(verb: str, number: int, what: str) -> str:
    return f"{verb} {number} {what}{'' if number == 1 else 's'}"


def _limit(limit: UsageLimit) -> LimitUse:
    name = limit_name(limit.window_min, limit.name)
    return LimitUse(name, limit.used, _clock(moment_of(limit.resets_ms)) if limit.resets_ms else "")
