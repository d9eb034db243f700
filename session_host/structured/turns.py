"""The turns of a transcript: where each begins and ends, what it was, and its answer as Markdown. Pure.

A turn is what its agent calls one, as far as that has a prompt: a prompt that was added to a running turn begins none,
and what the agent begins by itself, as when work in the background has ended, belongs to the turn above it. Turns are
looked up from a place in the transcript, so that a long one is not decoded as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cached_property
from typing import Final, NamedTuple

import msgspec

from session_host.protocol.turns import TurnFacts, TurnOutcome, TurnWork

from .items import (
    BETWEEN_TURNS,
    AnyChange,
    FileChange,
    Item,
    ItemStatus,
    Put,
    Remove,
    SetStatus,
    ToolKind,
    TurnOver,
    UsageChanged,
    WrittenOutcome,
)
from .patches import counts
from .transcript import Transcript, is_unconfirmed

_OUTCOMES: Final[dict[WrittenOutcome, TurnOutcome]] = {
    "completed": "done",
    "interrupted": "interrupted",
    "failed": "error",
    "cut": "cut",
}
_LOOKS: Final[frozenset[ToolKind]] = frozenset({"read", "search", "fetch"})


def facts_of(end: TurnOver) -> TurnFacts:
    """What the end of a turn says of it; of one that an earlier version wrote, without its work."""
    if end.facts is not None:
        return end.facts
    return TurnFacts(outcome=_OUTCOMES[end.outcome], error=end.error, ended=time_text(end.at_ms))


def took_ms(facts: TurnFacts) -> int:
    """How long a turn took, in milliseconds; 0 if that is not known."""
    try:
        began, ended = map(datetime.fromisoformat, (facts.began, facts.ended))
        return max(round((ended - began).total_seconds() * 1000), 0)
    except (ValueError, TypeError):  # Another machine may say anything, also a time without a zone.
        return 0


def time_text(at_ms: int) -> str:
    """A time in milliseconds since 1970 as facts have it; "" for 0, and for one that no calendar has."""
    try:
        found = datetime.fromtimestamp(at_ms / 1000, UTC) if at_ms else None
    except (OverflowError, ValueError, OSError):
        return ""
    return found.isoformat(timespec="milliseconds").replace("+00:00", "Z") if found is not None else ""


# ---------------------------------------------------------------- counting


class Edit(NamedTuple):
    """One change of a file, with its numbers of lines."""

    path: str
    moved_to: str
    added: int
    removed: int


class Call(msgspec.Struct, array_like=True):
    """A call of a tool that is counted.

    Attributes:
        is_own: the main agent made it, and no sub-agent.
        changes: its changes of files, until it is done; ``edits`` are those of one that is.
    """

    tool: ToolKind
    status: ItemStatus
    exit_code: int | None
    is_own: bool
    changes: tuple[FileChange, ...] = ()
    edits: list[Edit] = []

    def enter(self, status: ItemStatus) -> None:
        """Note its status, and its edits once they are done."""
        self.status = status
        if status == "done" and self.changes:
            self.edits = [Edit(each.path, each.moved_to, *counts([each])) for each in self.changes]
            self.changes = ()

    @property
    def has_failed(self) -> bool:
        """Whether it failed, as users see it."""
        return self.is_own and (self.status == "failed" or bool(self.exit_code))


class TurnCount(msgspec.Struct, array_like=True):
    """Counts the work of a turn, from the changes of its items.

    Attributes:
        before: what the chat had used when the turn began, for versions that counted by it; see ``spent``.
        earlier: calls that ran then, and belong to an earlier turn.
        calls: those of the turn, by the ids of their items.
    """

    before: UsageChanged | None = None
    earlier: list[str] = []
    calls: dict[str, Call] = {}

    def note(self, change: AnyChange) -> None:
        """Count a change of an item."""
        match change:
            case Put(item) if item.kind == "tool" and item.id not in self.earlier:
                call = Call(item.tool, item.status, item.exit_code, not item.parent, item.changes)
                call.enter(item.status)
                self.calls[item.id] = call
            case SetStatus(item_id, status) if item_id in self.calls:
                self.calls[item_id].enter(status)
            case Remove(item_id):
                self.calls.pop(item_id, None)
            case _:
                pass

    def work(self) -> TurnWork:
        """The work until now, without tokens and money."""
        calls = [call for call in self.calls.values() if call.status != "declined"]
        commands = [call for call in calls if call.tool == "execute"]
        edits = [edit for call in calls if call.status == "done" for edit in call.edits]
        files = dict[str, None]()
        for edit in edits:
            if edit.moved_to:
                files.pop(edit.path, None)
            files[edit.moved_to or edit.path] = None
        others = [call for call in calls if call.tool not in {"execute", *_LOOKS}]
        return TurnWork(
            files=len(files),
            added=sum(edit.added for edit in edits),
            removed=sum(edit.removed for edit in edits),
            commands=len(commands),
            failed=sum(call.has_failed for call in commands),
            declined=len(self.calls) - len(calls),
            looks=sum(call.tool in _LOOKS for call in calls),
            others=sum(not (call.changes or call.edits) for call in others),
        )


def work_of(items: Iterable[Item]) -> TurnWork:
    """The work that some items show."""
    count = TurnCount()
    for item in items:
        count.note(Put(item))
    return count.work()


# ---------------------------------------------------------------- turns


def is_prompt(item: Item) -> bool:
    """Whether an item is a prompt, and not one that was taken back."""
    return item.kind == "user" and item.status != "withdrawn"


class TurnSpan:
    """A turn by its place in a transcript, as the transcript is now.

    Attributes:
        begin, end: the positions of its first prompt, and after its last item. Above the first prompt, a transcript may
            have items of a turn without one.
        is_last: whether no other turn follows it.
        is_over: whether the agent works no more in it.
    """

    def __init__(self, transcript: Transcript, begin: int, end: int, *, is_last: bool) -> None:
        """Make the turn of the items between two positions."""
        self._transcript, self.begin, self.end, self.is_last = transcript, begin, end, is_last
        self.is_over = not is_last or not transcript.status.is_running

    @property
    def is_settled(self) -> bool:
        """Whether it stays as it is, unless an item of it changes, or a prompt."""
        return not self.is_last and not is_unconfirmed(self._transcript[self.end])

    @cached_property
    def items(self) -> list[Item]:
        """Its items."""
        return [self._transcript[position] for position in range(self.begin, self.end)]

    @cached_property
    def prompts(self) -> list[Item]:
        """Its prompts: the one that began it, and those that were added to it."""
        return [item for item in self.items if is_prompt(item)]

    @cached_property
    def own_prompt(self) -> Item | None:
        """The prompt that began it, as it was sent from here; None if there is none but by the agent's words."""
        sent = {facts_of(end).prompt for end in self.ends}
        return next((item for item in self.prompts if item.id in sent and item.status in {"", "done"}), None)

    @cached_property
    def ends(self) -> list[TurnOver]:
        """The ends in it: one, or more if the agent went on by itself."""
        ends = self._transcript.ends
        return [ends[item.id] for item in self.items if item.id in ends]

    @cached_property
    def facts(self) -> TurnFacts:
        """What it was, or is until now; its work only if its end says that."""
        prompts, ends = self.prompts, list(map(facts_of, self.ends))
        said = ends[-1] if ends and self.is_over else TurnFacts(outcome="done" if self.is_over else "")
        began = ends[0].began if ends else ""
        return msgspec.structs.replace(
            said,
            prompt=prompts[0].id if prompts else said.prompt,
            by=ends[0].by if ends else "",
            began=began or time_text(prompts[0].at_ms if prompts else 0),
            work=said.work if len(ends) == 1 else None,
        )

    @cached_property
    def work(self) -> TurnWork:
        """What it did, as its end says it, or as its items show it."""
        return self.facts.work or work_of(self.items)


def turn_at(transcript: Transcript, position: int) -> TurnSpan:
    """The turn of the item at a position above the queue."""
    begin, end, queue_start = position, position + 1, transcript.queue_start
    while begin > 0 and not begins_turn(transcript, begin):
        begin -= 1
    while end < queue_start and not begins_turn(transcript, end):
        end += 1
    return TurnSpan(transcript, begin, end, is_last=end >= queue_start)


def turns_backwards(transcript: Transcript) -> Iterator[TurnSpan]:
    """The turns with a prompt, newest first."""
    end = transcript.queue_start
    while end > 0 and (turn := turn_at(transcript, end - 1)).prompts:
        yield turn
        end = turn.begin


def begins_turn(transcript: Transcript, position: int) -> bool:
    """Whether the item at a position is a prompt that was not added to the turn above it."""
    return is_prompt(transcript[position]) and not _is_added(transcript, position)


def _is_added(transcript: Transcript, position: int) -> bool:
    prompt, status = transcript[position], transcript.status
    for above in range(position - 1, -1, -1):
        item = transcript[above]
        if item.id in transcript.ends:
            return False
        if item.parent or item.status == "withdrawn" or item.kind in {"notice", "raw"} or is_unconfirmed(item):
            continue
        if not item.turn or prompt.turn or not is_unconfirmed(prompt):
            return bool(item.turn) and item.turn == prompt.turn
        # The agent has not confirmed it yet: it may still begin a turn of its own.
        return status.is_running and item.turn == status.turn
    return False


def answer_at(transcript: Transcript, position: int) -> str:
    """The answer in the turn of the item at a position; "" for none, as to a prompt in the queue."""
    return answer_in(turn_at(transcript, position).items) if 0 <= position < transcript.queue_start else ""


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
    """Whether a turn that has begun is over; ``turn`` is the agent's own id of it."""
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


def answer_in(items: Iterable[Item]) -> str:
    """All that the agent itself wrote among some items."""
    texts = (item.text.strip("\n") for item in items if item.kind == "agent" and not item.parent)
    return "\n\n".join(text for text in texts if text)
