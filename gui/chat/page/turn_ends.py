"""The ends of turns: a line about one that did not end well; when it ended, how long it took, a button that copies."""

from __future__ import annotations

from datetime import UTC, datetime

from gui.chat.content.segments import Action, Button, QuietLine, Segment, TurnFooter
from gui.theme.icons import Glyph
from gui.wording import chat_texts, phrases
from session_host.protocol.untrusted_text import one_line
from session_host.structured.items import Item, TurnEnded
from session_host.structured.transcript import Transcript

_SHOWING_STATUS = frozenset({"agent", "tool"})
"""The kinds of items that say themselves that they did not end."""


def ends_turn(transcript: Transcript, position: int) -> bool:
    """Whether an item is a message of the agent with which a turn ended."""
    item = transcript[position]
    if item.kind != "agent" or item.parent or item.status == "running" or not item.text:
        return False
    following = position + 1
    while following < len(transcript) and transcript[following].status == "withdrawn":
        following += 1
    state, turn = transcript.status.state, transcript.status.turn
    if following == len(transcript) or transcript[following].status == "queued":
        return state in {"idle", "ended"}
    if transcript[following].kind != "user":
        return False
    # A prompt that was added to the running turn has no turn until the agent confirms it.
    runs = transcript.status.is_running and item.turn == turn
    return not (item.turn and (runs or transcript[following].turn == item.turn))


def before(transcript: Transcript, position: int) -> int:
    """The position of the item that may end a turn or not because of the item at a position; negative for none."""
    position -= 1
    while position >= 0 and transcript[position].status == "withdrawn":
        position -= 1
    return position


def footer(transcript: Transcript, position: int, prompt: str) -> TurnFooter:
    """The line below the last message of a turn; ``prompt`` is the id of the turn's prompt, "" if unknown."""
    item = transcript[position]
    ended_ms, asked = transcript.turn_ends.get(item.id, 0), transcript.get(prompt)
    time = duration = ""
    if ended_ms:
        time = phrases.short_clock(datetime.fromtimestamp(ended_ms / 1000, UTC), datetime.now(UTC))
    if ended_ms and asked is not None:
        duration = chat_texts.duration(ended_ms - asked.at_ms)
    return TurnFooter(item=item.id, label=chat_texts.joined(time, duration))


def with_ending(found: list[Segment], ending: TurnEnded, item: Item, prompt: str) -> list[Segment]:
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
