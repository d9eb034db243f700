"""The ends of a transcript and of its turns: where turns end, and what the page shows there."""

from __future__ import annotations

from dataclasses import replace

from gui.chat.content import items as item_content
from gui.chat.content.items import ItemRequests
from gui.chat.content.segments import Action, Button, LiveLine, QuietLine, Segment, StatusLine, TurnFooter
from gui.theme.icons import Glyph
from gui.wording import chat_texts, common_texts
from session_host.protocol.shown_duration import told_duration
from session_host.protocol.untrusted_text import one_line
from session_host.structured.items import IN_QUEUE, NOT_STOPPED, Item, TurnOver
from session_host.structured.transcript import Transcript

_SHOWING_STATUS = frozenset({"agent", "tool"})
"""The kinds of items that say themselves that they did not end."""


def ends_turn(transcript: Transcript, position: int) -> bool:
    """Whether an item is a message of the agent with which a turn ended."""
    item = transcript[position]
    if item.kind != "agent" or item.parent or item.status == "running" or not item.text:
        return False
    following = position + 1
    while following < len(transcript) and _is_beside_turns(transcript[following]):
        following += 1
    state, turn = transcript.status.state, transcript.status.turn
    if following == len(transcript) or transcript[following].status in IN_QUEUE:
        return state in {"starting", "idle", "background", "ended"}
    if transcript[following].kind != "user":
        return False
    # A prompt that was added to the running turn has no turn until the agent confirms it.
    runs = transcript.status.is_running and item.turn == turn
    return not (item.turn and (runs or transcript[following].turn == item.turn))


def item_before(transcript: Transcript, position: int) -> int:
    """The position of the item that may end a turn or not because of the item at a position; negative for none."""
    position -= 1
    while position >= 0 and _is_beside_turns(transcript[position]):
        position -= 1
    return position


def _is_beside_turns(item: Item) -> bool:
    """Whether an item says nothing of where a turn ends: a withdrawn prompt, or a line that Outlive adds."""
    return item.status == "withdrawn" or item.kind == "notice"


def prompt_of(transcript: Transcript, turn: str, position: int) -> str:
    """The id of the first prompt of a turn that ended at a position; "" if there is none."""
    found = ""
    for number in range(position, -1, -1):
        item = transcript[number]
        if item.kind == "user" and item.status in {"", "done"}:
            if not turn or item.turn != turn:
                return found or item.id
            found = item.id
    return found


def turn_footer(transcript: Transcript, position: int, prompt: str) -> TurnFooter:
    """The line below the last message of a turn; ``prompt`` is the id of the turn's prompt, "" if unknown."""
    item = transcript[position]
    ended_ms, asked = transcript.turn_ends.get(item.id, 0), transcript.get(prompt)
    time = duration = ""
    if ended_ms:
        time = chat_texts.time_of(ended_ms)
    if ended_ms and asked is not None:
        duration = told_duration(ended_ms - asked.at_ms)
    return TurnFooter(item=item.id, label=chat_texts.joined(time, duration))


def with_ending(found: list[Segment], ending: TurnOver, item: Item, prompt: str) -> list[Segment]:
    """The segments of the last item of a turn that did not end well, with a line about that.

    A notice of the error becomes a part of that line. ``prompt`` is the id of the turn's prompt, "" if unknown.
    """
    match ending.outcome:
        case "failed":
            error = ending.error.removesuffix("…")
            is_of_error = bool(error) and item.kind == "notice" and one_line(item.text).startswith(error)
            text = chat_texts.turn_failed(item.text if is_of_error else ending.error)
            buttons = (Button(chat_texts.TRY_AGAIN(), Action("again", prompt)),) if prompt else ()
            line = QuietLine(text, tone="failed", icon=Glyph.WARNING, buttons=buttons)
            return [line] if is_of_error else [*found, line]
        case "interrupted" if not (item.kind in _SHOWING_STATUS and item.status == "interrupted"):
            return [*found, QuietLine(chat_texts.INTERRUPTED(), icon=Glyph.STOP)]
        case "cut" if not (item.kind in _SHOWING_STATUS and item.status == "cut"):
            return [*found, QuietLine(chat_texts.AGENT_ENDED_HERE(), tone="needs_you", icon=Glyph.WARNING)]
        case _:
            return found


def tail(
    row: str, transcript: Transcript, requests: ItemRequests, directory: str, line: LiveLine | None, *, has_turns: bool
) -> list[Segment]:
    """The segments after the last item.

    Args:
        row: the key of their row.
        transcript: the transcript.
        requests: the requests of no item.
        directory: the chat's directory.
        line: what the agent does now; None while no turn runs.
        has_turns: whether the ends of turns are shown.
    """
    status = transcript.status
    found: list[Segment] = [item_content.answer_line(request, answer) for request, answer in requests.answered]
    for request in requests.open:
        found += item_content.request_segments(request, row, directory)
    if transcript.damaged:
        found.append(QuietLine(chat_texts.DAMAGED(reason=transcript.damaged), tone="failed", icon=Glyph.WARNING))
    if status.state == "starting":
        found.append(StatusLine(common_texts.STARTING()))
    elif status.state == "running":
        end = (Button(chat_texts.END_AGENT(), Action("end")),) if status.detail == NOT_STOPPED else ()
        shown = line or LiveLine(chat_texts.WORKING(), object_at=len(chat_texts.WORKING()))
        if text := one_line(status.detail):
            shown = replace(shown, text=text, object_at=len(text))
        found.append(replace(shown, buttons=end))
    elif status.state == "requires_action" and has_turns and line is not None:
        found.append(line)
    elif status.state == "background":
        found.append(StatusLine(one_line(chat_texts.IN_BACKGROUND(work=status.detail))))
    return found or [QuietLine()]
