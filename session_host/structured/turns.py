"""The turns of a transcript: the agent's answers to prompts, as Markdown. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from session_host.protocol.events import TurnOutcome

from .items import BETWEEN_TURNS, IN_QUEUE, Item, TurnOver, UsageLimit, WrittenOutcome
from .transcript import Transcript

OUTCOMES: Final[dict[WrittenOutcome, TurnOutcome]] = {
    "completed": "done",
    "interrupted": "interrupted",
    "failed": "error",
    "cut": "cut",
}
"""How a turn ended, in the ledger's words."""


def is_prompt(item: Item) -> bool:
    """Whether a turn's part begins with this item: one that was taken back begins none."""
    return item.kind == "user" and item.status != "withdrawn"


def answer_at(transcript: Transcript, position: int) -> str:
    """The answer to the prompt at a position, or to the last one above it; "" for none."""
    begin = next(
        (found for found in range(min(position, len(transcript) - 1), -1, -1) if is_prompt(transcript[found])), -1
    )
    return answer_in(_after(transcript, begin))


def answer_in_turn(transcript: Transcript, turn: str) -> str:
    """All that the agent wrote in a turn, which is looked for from the end; ``turn`` is its own id of it."""
    found: list[Item] = []
    for position in range(len(transcript) - 1, -1, -1):
        item = transcript[position]
        if item.turn == turn:
            found.append(item)
        elif found and item.turn and not item.parent:
            break  # Items of sub-agents may be of turns of their own.
    return answer_in(reversed(found))


def is_turn_over(transcript: Transcript, turn: str) -> bool:
    """Whether a turn that has begun is over."""
    status = transcript.status
    has_ended = status.last_turn is not None and status.last_turn.turn == turn
    return has_ended or status.turn not in {"", turn} or status.state in BETWEEN_TURNS or status.state == "ended"


def last_sent_prompt(transcript: Transcript) -> Item | None:
    """The last prompt above the queue, which may not have its turn yet; None if there is none."""
    above = (transcript[position] for position in range(transcript.queue_start - 1, -1, -1))
    return next(filter(is_prompt, above), None)


def next_prompt(transcript: Transcript) -> Item | None:
    """The prompt that will begin the next turn, without its user; None if none is under way."""
    last = last_sent_prompt(transcript)
    if last is not None and last.status == "sent" and not last.turn:
        return last
    queue = (transcript[position] for position in range(transcript.queue_start, len(transcript)))
    return next((item for item in queue if item.status == "queued"), None)


def limit_reset_ms(end: TurnOver, limits: Iterable[UsageLimit]) -> int | None:
    """When the limit is reset that stopped a turn, ms since 1970; 0 if that is unknown, None if no limit stopped it.

    A limit did, if the agent's error speaks of one and one is used up.
    """
    reached = [each.resets_ms for each in limits if each.used >= 1.0]
    return max(reached) if reached and end.outcome == "failed" and "limit" in end.error.lower() else None


def answers(transcript: Transcript, *, without: str = "") -> Iterator[tuple[Item, str, TurnOver | None]]:
    """Yield all prompts, newest first, without those of one turn; each with its answer, "" for none.

    The third value is the end of its turn, if that did not end well.
    """
    for position in range(transcript.queue_start - 1, -1, -1):
        item = transcript[position]
        if is_prompt(item) and item.status not in IN_QUEUE and (not without or item.turn != without):
            after = list(_after(transcript, position))
            endings = (transcript.endings.get(each.id) for each in (item, *after))
            yield item, answer_in(after), next(filter(None, endings), None)


def _after(transcript: Transcript, begin: int) -> Iterator[Item]:
    """The items between a prompt and the next one."""
    for position in range(begin + 1, len(transcript)):
        item = transcript[position]
        if is_prompt(item):
            return
        yield item


def answer_in(items: Iterable[Item]) -> str:
    """All that the agent itself wrote among some items."""
    texts = (item.text.strip("\n") for item in items if item.kind == "agent" and not item.parent)
    return "\n\n".join(text for text in texts if text)
