"""The ends of a transcript and of its turns: where turns end, and what the page shows there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gui.chat.content import items as item_content
from gui.chat.content.items import ItemRequests
from gui.chat.content.segments import Action, Button, LiveLine, QuietLine, Segment, StatusLine, TurnFooter
from gui.theme.icons import Glyph
from gui.wording import action_texts, chat_texts, common_texts
from session_host.protocol.shown_duration import told_duration
from session_host.protocol.turns import TurnFacts
from session_host.protocol.untrusted_text import one_line
from session_host.standing.later_prompt import continues_at
from session_host.structured.items import NOT_STOPPED, Item, UsageLimit
from session_host.structured.transcript import Transcript
from session_host.structured.turns import TurnSpan, took_ms

_SHOWING_STATUS = frozenset({"agent", "tool"})
"""The kinds of items that say themselves that they did not end."""


def turn_footer(turn: TurnSpan, message: str) -> TurnFooter:
    """The line below the last message of a turn, by its id: when the turn ended, and how long it took."""
    facts = turn.facts
    ended_ms = next((end.at_ms for end in reversed(turn.ends)), 0)
    time = chat_texts.time_of(ended_ms) if ended_ms else ""
    return TurnFooter(item=message, label=chat_texts.joined(time, told_duration(took_ms(facts))))


def with_ending(
    found: list[Segment],
    ending: TurnFacts,
    item: Item,
    prompt: str,
    limits: Sequence[UsageLimit] = (),
    account: str = "",
    *,
    continues: bool | None = None,
) -> list[Segment]:
    """The segments of the last item of a turn that did not end well, with a line about that.

    A notice of the error becomes a part of that line.

    Args:
        found: the segments.
        ending: the turn.
        item: the item.
        prompt: the id of the turn's prompt; "" if unknown.
        limits: those of the user's subscription, as the agent said.
        account: whose they are; "" for the default account.
        continues: whether a prompt is to be sent once the limit is reset; None for a turn that is not the last one.
    """
    match ending.outcome:
        case "error" | "limit":
            error = ending.error.removesuffix("…")
            is_of_error = bool(error) and item.kind == "notice" and one_line(item.text).startswith(error)
            reason = item.text if is_of_error else ending.error
            if ending.outcome == "limit":
                line = _limit_line(ending, reason, prompt, limits, account, continues=continues)
            else:
                buttons = (Button(chat_texts.TRY_AGAIN(), Action("again", prompt)),) if prompt else ()
                line = QuietLine(chat_texts.turn_failed(reason), tone="failed", icon=Glyph.WARNING, buttons=buttons)
            return [line] if is_of_error else [*found, line]
        case "interrupted" if not (item.kind in _SHOWING_STATUS and item.status == "interrupted"):
            return [*found, QuietLine(chat_texts.INTERRUPTED(), icon=Glyph.STOP)]
        case "cut" if not (item.kind in _SHOWING_STATUS and item.status == "cut"):
            return [*found, QuietLine(chat_texts.AGENT_ENDED_HERE(), tone="needs_you", icon=Glyph.WARNING)]
        case _:
            return found


def _limit_line(
    ending: TurnFacts, reason: str, prompt: str, limits: Sequence[UsageLimit], account: str, *, continues: bool | None
) -> QuietLine:
    """The line of a turn that a limit ended: which one, until when; and what the user can do now."""
    text = chat_texts.limit_line(ending.resets_at, limits, account, continues=bool(continues))
    buttons = []
    if continues is False and (name := chat_texts.continue_at(continues_at(ending))):
        buttons.append(Button(name, Action("continue")))
    if continues is not None:
        buttons.append(Button(action_texts.HAND_OVER(), Action("hand_over")))
    if continues is not None and prompt:
        buttons.append(Button(chat_texts.TRY_NOW(), Action("again", prompt)))
    text = text or chat_texts.turn_limited(reason)
    return QuietLine(text, tone="text", icon=Glyph.CLOCK, buttons=tuple(buttons))


def tail(
    row: str, transcript: Transcript, requests: ItemRequests, directory: str, line: LiveLine | None, taker: str = ""
) -> list[Segment]:
    """The segments after the last item.

    Args:
        row: the key of their row.
        transcript: the transcript.
        requests: the requests of no item.
        directory: the chat's directory.
        line: what the agent does now; None while no turn runs.
        taker: the words that name who took over the task; "" for nobody.
    """
    status = transcript.status
    found = item_content.decision_lines(requests, directory)
    found += requests.open_segments(row, directory)
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
    elif status.state == "background":
        found.append(StatusLine(one_line(chat_texts.IN_BACKGROUND(work=status.detail))))
    if taker:
        found.append(
            QuietLine(taker, tone="text", icon=Glyph.MOVE, buttons=(Button(common_texts.OPEN(), Action("open_taker")),))
        )
    return found or [Segment() if status.state == "requires_action" else QuietLine()]
