"""The transcript of a structured chat: items in order, open requests, and the state of the agent. Pure.

Prompts that wait in the queue stay at the end: items of the running turn come above them.

The host and each viewer build equal transcripts from the same bytes, the transcript log (``log``). Items from a
snapshot are decoded when they are first read, so that a chat of 10,000 items opens at its end at once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from session_host.errors import OutliveError, ProtocolViolation
from session_host.protocol.codec import UNREADABLE

from .items import (
    IN_QUEUE,
    AgentRequest,
    AnyChange,
    Append,
    Capabilities,
    CapabilitiesKnown,
    ChatState,
    CommandsChanged,
    ConversationKnown,
    Item,
    Put,
    Remove,
    RequestOpened,
    RequestResolved,
    SetStatus,
    Setting,
    SettingsChanged,
    SlashCommand,
    StateChanged,
    TitleChanged,
    TurnOver,
    UsageChanged,
)
from .log import RecordReader, is_news

BUILD: Final = "transcript-1"
"""The format of a snapshot; changed when an older version would misread it."""

_LONG_ITEM_BYTES: Final = 64 * 1024
"""Only a longer item has pictures that count."""

_item_decoder = msgspec.msgpack.Decoder(Item)


class Status(msgspec.Struct, array_like=True):
    """All of a transcript but its items and requests.

    Attributes:
        state, turn, detail: see ``items.StateChanged``.
        last_turn: the end of the last turn; None before the first one. Turns of earlier chats do not count.
        at_ms: the time of the last step.
    """

    state: ChatState = "starting"
    turn: str = ""
    detail: str = ""
    at_ms: int = 0
    conversation: str = ""
    title: str = ""
    usage: UsageChanged | None = None
    settings: tuple[Setting, ...] = ()
    commands: tuple[SlashCommand, ...] = ()
    capabilities: Capabilities = Capabilities()
    last_turn: TurnOver | None = None

    @property
    def is_running(self) -> bool:
        """Whether a turn runs, also one that waits for the user."""
        return self.state in {"running", "requires_action"}

    @property
    def can_interrupt(self) -> bool:
        """Whether a turn runs that the agent can stop."""
        return self.is_running and self.capabilities.interrupt


class _Saved(msgspec.Struct, array_like=True):
    """A snapshot."""

    ids: list[str]
    items: list[msgspec.Raw]
    status: Status
    requests: list[AgentRequest]
    answers: list[RequestResolved]
    offset: int
    rest: bytes
    endings: dict[str, TurnOver] = {}
    """The ends of turns that did not end well, for versions before ``ends``, as are the times of all ends."""
    turn_ends: dict[str, int] = {}
    ends: dict[str, TurnOver] | None = None
    """As in ``Transcript``; None if an earlier version wrote the snapshot."""

    def all_ends(self) -> dict[str, TurnOver]:
        """The ends of turns, also of an earlier version."""
        if self.ends is not None:
            return self.ends
        good = TurnOver("", "completed")
        return {
            item_id: msgspec.structs.replace(self.endings.get(item_id, good), at_ms=self.turn_ends.get(item_id, 0))
            for item_id in {**self.endings, **self.turn_ends}
        }


def is_unconfirmed(item: Item) -> bool:
    """Whether an item is a prompt that was sent, and that no turn has yet."""
    return item.kind == "user" and item.status == "sent" and not item.turn


def _array_head(length: int) -> bytes:
    """The beginning of an array of msgpack."""
    return b"\xdd" + length.to_bytes(4, "big")


_saved_decoder = msgspec.msgpack.Decoder(_Saved)


def _decoded(data: msgspec.Raw, item_id: str) -> Item:
    """An item of a snapshot; a notice in place of one that cannot be read, since another machine may send anything."""
    with contextlib.suppress(*UNREADABLE):
        if (item := _item_decoder.decode(data)).id == item_id:
            return item
    return Item(item_id, "notice", 0, "This item is damaged")


class Changes(NamedTuple):
    """The changes since the last call of ``take_changes``.

    Attributes:
        items: ids of items that were added or changed.
        removed: whether items were removed or moved, so that positions have changed.
        status: whether anything of ``status`` or of the requests changed, or the log turned out to be damaged.
    """

    items: set[str]
    removed: bool
    status: bool


class Transcript:
    """The transcript of one chat.

    Attributes:
        status: the state of the agent.
        requests: all requests, by their ids, oldest first; ``answers``: those that are resolved.
        ends: the ends of turns with their times, by the id of the last item at that time, without prompts that are
            queued or not confirmed. Of an earlier conversation that an agent repeats without times, there are none.
        news: how many bytes of the log it has read since it was made, of records that tell something new.
        damaged: the first reason why the log could not be read to its end, "" for none.
    """

    def __init__(self) -> None:
        self.status = Status()
        self.requests: dict[str, AgentRequest] = {}
        self.answers: dict[str, RequestResolved] = {}
        self.ends: dict[str, TurnOver] = {}
        self.news = 0
        self.damaged = ""
        self._ids: list[str] = []
        self._items: list[Item | msgspec.Raw] = []
        self._positions: dict[str, int] = {}
        self._appended: dict[tuple[str, str], list[str]] = {}
        self._reader = RecordReader()
        self._stripped: dict[str, tuple[msgspec.Raw, msgspec.Raw]] = {}
        """Long items by their ids, encoded, and without the data of their pictures."""
        self._growing: Transcript | None = None
        """The transcript that this one follows."""
        self._changed: set[str] = set()
        self._removed = self._status_changed = False

    # ------------------------------------------------------------ reading

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, position: int) -> Item:
        """The item at a position, 0 for the oldest.

        Raises:
            IndexError: there is none.
        """
        item = self._items[position]
        if isinstance(item, msgspec.Raw):
            raw, item_id = item, self._ids[position]
            self._items[position] = item = _decoded(raw, item_id)
            if self._growing is not None:
                self._share(self._growing, raw, item)
        return self._with_appended(position, item) if self._appended else item

    def __iter__(self) -> Iterator[Item]:
        return (self[position] for position in range(len(self._items)))

    def __contains__(self, item_id: str) -> bool:
        return item_id in self._positions

    def position(self, item_id: str) -> int:
        """The position of an item.

        Raises:
            KeyError: there is none with this id.
        """
        return self._positions[item_id]

    def get(self, item_id: str) -> Item | None:
        """The item with this id; None if there is none."""
        position = self._positions.get(item_id)
        return None if position is None else self[position]

    @property
    def first_prompt(self) -> str:
        """The user's first prompt; "" for none."""
        return next((item.text for item in self if item.kind == "user"), "")

    @property
    def open_requests(self) -> list[AgentRequest]:
        """The requests that wait for an answer, oldest first."""
        return [request for request in self.requests.values() if request.id not in self.answers]

    @property
    def queue_start(self) -> int:
        """The position of the first of the queued prompts at the end; the number of items if there are none."""
        position = len(self._items)
        while position and self[position - 1].status in IN_QUEUE:
            position -= 1
        return position

    @property
    def held(self) -> int:
        """How many of the prompts in the queue wait since their user stopped the turn."""
        return sum(self[position].status == "held" for position in range(self.queue_start, len(self._items)))

    @property
    def asked_about(self) -> Item | None:
        """The prompt that waits for its user's word at an amount of money; None for none."""
        queue = (self[position] for position in range(self.queue_start, len(self._items)))
        return next((item for item in queue if item.is_asked_about), None)

    def take_changes(self) -> Changes:
        """Return what changed since the last call."""
        changes = Changes(self._changed, self._removed, self._status_changed)
        self._changed, self._removed, self._status_changed = set(), False, False
        return changes

    def follow(self, growing: Transcript) -> Changes:
        """Become equal to a transcript that grows, and return its changes since the last call.

        A page shows such a copy: what grows while it is on the screen is in it with the next frame, all at once. Nobody
        else takes the changes of ``growing``, or changes the copy.
        """
        growing._join_appended()
        self._growing = growing
        changes, known = growing.take_changes(), len(self._ids)
        if changes.removed:
            self._ids, self._items = growing._ids.copy(), growing._items.copy()
            self._positions = growing._positions.copy()
        else:  # What is new is at the end.
            for item_id in changes.items & self._positions.keys():
                position = self._positions[item_id]
                self._items[position] = growing._items[position]
            new = growing._ids[known:]
            self._ids += new
            self._items += growing._items[known:]
            self._positions.update(zip(new, range(known, known + len(new)), strict=True))
        self.status = msgspec.structs.replace(growing.status)
        self.requests, self.answers = growing.requests.copy(), growing.answers.copy()
        self.ends = growing.ends.copy()
        self.news, self.damaged = growing.news, growing.damaged
        return changes

    # ------------------------------------------------------------ building

    def feed(self, data: bytes) -> None:
        """Read more of the log. Never raises: after damage, the transcript stays as it is."""
        if self.damaged:
            return
        try:
            for record in self._reader.feed(data):
                self.status.at_ms = max(self.status.at_ms, record.at_ms)
                self.news += record.end - record.start if is_news(record.cause, record.body.changes) else 0
                for change in record.body.changes:
                    self.apply(change, record.at_ms)
        except ProtocolViolation as error:
            self.damaged, self._status_changed = str(error), True

    def apply(self, change: AnyChange, at_ms: int = 0) -> None:
        """Apply one change; one of an unknown item has no effect."""
        match change:
            case Put(item):
                self._put(item)
            case Append(item_id, text, field):
                if item_id in self._positions and text:
                    self._appended.setdefault((item_id, field), []).append(text)
                    self._changed.add(item_id)
            case SetStatus(item_id, status, ended_ms, turn):
                if (known := self.get(item_id)) is not None:
                    ended_ms, turn = ended_ms or known.ended_ms, turn or known.turn
                    self._put(msgspec.structs.replace(known, status=status, ended_ms=ended_ms, turn=turn))
                    if known.status in IN_QUEUE and status not in IN_QUEUE:
                        self._move_above_queue(item_id)
            case Remove(item_id):
                self._remove(item_id)
            case _:
                self._status_changed = True
                self._apply_to_status(change, at_ms)

    def _apply_to_status(self, change: AnyChange, at_ms: int) -> None:
        status = self.status
        match change:
            case RequestOpened(request):
                self.requests[request.id] = request
                self.answers.pop(request.id, None)
            case RequestResolved(request_id):
                if request_id in self.requests:
                    self.answers.setdefault(request_id, change)
            case StateChanged(state, turn, detail):
                status.state, status.turn, status.detail = state, turn, detail
            case TurnOver():
                self._end_turn(change, at_ms)
            case UsageChanged():
                status.usage = change
            case SettingsChanged(settings):
                status.settings = settings
            case CommandsChanged(commands):
                status.commands = commands
            case CapabilitiesKnown(capabilities):
                status.capabilities = capabilities
            case ConversationKnown(conversation):
                status.conversation = conversation
            case TitleChanged(title):
                status.title = title
            case _:
                pass

    def _end_turn(self, change: TurnOver, at_ms: int) -> None:
        if not change.at_ms:
            self.status.last_turn = change
        if (last := self._last_of_turn()) >= 0:
            item_id, end = self._ids[last], msgspec.structs.replace(change, at_ms=change.at_ms or at_ms)
            if item_id in self.ends and end.facts is not None:  # Nothing of the second turn is shown.
                end = msgspec.structs.replace(end, facts=msgspec.structs.replace(end.facts, work=None))
            self.ends[item_id] = end
            self._changed.add(item_id)

    def _last_of_turn(self) -> int:
        """The position of the last item of the turn that ends; negative for none."""
        end = last = self.queue_start - 1
        while last >= 0 and is_unconfirmed(self[last]):
            last -= 1
        return last if last >= 0 and self._ids[last] not in self.ends else end

    def _put(self, item: Item) -> None:
        self._changed.add(item.id)
        position = self._positions.get(item.id)
        if position is None:
            self._insert(len(self._items) if item.status in IN_QUEUE else self.queue_start, item.id, item)
            return
        self._items[position] = item
        for field in ("text", "output"):
            self._appended.pop((item.id, field), None)

    def _insert(self, position: int, item_id: str, item: Item | msgspec.Raw) -> None:
        self._removed = self._removed or position < len(self._items)
        self._ids.insert(position, item_id)
        self._items.insert(position, item)
        for following in range(position, len(self._ids)):
            self._positions[self._ids[following]] = following

    def _move_above_queue(self, item_id: str) -> None:
        """Move a prompt that left the queue above those that are still in it."""
        previous = position = self._positions[item_id]
        while position and self[position - 1].status in IN_QUEUE:
            position -= 1
        if position < previous:
            del self._ids[previous]
            self._insert(position, item_id, self._items.pop(previous))

    def _remove(self, item_id: str) -> None:
        position = self._positions.pop(item_id, None)
        if position is None:
            return
        del self._items[position], self._ids[position]
        for later in self._ids[position:]:
            self._positions[later] -= 1
        for field in ("text", "output"):
            self._appended.pop((item_id, field), None)
        self._changed.discard(item_id)
        self._stripped.pop(item_id, None)
        end, above = self.ends.pop(item_id, None), self._ids[position - 1] if position else ""
        if end is not None and above and above not in self.ends:
            self.ends[above] = end
            self._changed.add(above)
        self._removed = True

    @staticmethod
    def _share(growing: Transcript, raw: msgspec.Raw, item: Item) -> None:
        """Let the transcript that is followed have a decoded item, too: a chat's pictures are in the memory once."""
        there = growing._positions.get(item.id)
        if there is not None and growing._items[there] is raw:
            growing._items[there] = item

    def _with_appended(self, position: int, item: Item) -> Item:
        """The item with the text that was appended to it."""
        texts = {
            field: getattr(item, field) + "".join(pieces)
            for field in ("text", "output")
            if (pieces := self._appended.pop((item.id, field), None)) is not None
        }
        if not texts:
            return item
        grown: Item = msgspec.structs.replace(item, **texts)
        self._items[position] = grown
        return grown

    # ------------------------------------------------------------ snapshots

    def record_reader(self) -> RecordReader:
        """A reader of the log that continues at the transcript's end."""
        return RecordReader(self._reader.offset, bytes(self._reader.rest))

    def snapshot(self, *, newest_bytes: int | None = None, picture_bytes: int | None = None) -> bytes:
        """The whole state, with any unfinished record.

        Args:
            newest_bytes: only the newest items, of about so many bytes.
            picture_bytes: of the pictures only the newest, of at most so many bytes; an earlier one has no data.
        """
        self._join_appended()
        left_bytes = picture_bytes
        items: list[msgspec.Raw] = []
        length = 0
        for position in range(len(self._items) - 1, -1, -1):
            item = self._items[position]
            raw = item if isinstance(item, msgspec.Raw) else msgspec.Raw(msgspec.msgpack.encode(item))
            self._items[position] = raw  # Else a chat's pictures would be in the memory twice.
            if left_bytes is not None and memoryview(raw).nbytes > _LONG_ITEM_BYTES:
                left_bytes -= memoryview(raw).nbytes
                if left_bytes < 0:
                    raw = self._without_pictures(position, raw)
            length += memoryview(raw).nbytes
            if newest_bytes is not None and items and length > newest_bytes:
                break
            items.append(raw)
        items.reverse()
        ids, requests, answers = self._ids, list(self.requests.values()), list(self.answers.values())
        ends = self.ends
        if len(items) < len(ids):
            ids = ids[-len(items) :]
            kept = set(ids)
            requests = [each for each in requests if each.item in kept or each.id not in self.answers]
            answers = [self.answers[each.id] for each in requests if each.id in self.answers]
            ends = {item_id: each for item_id, each in ends.items() if item_id in kept}
        endings = {
            item_id: msgspec.structs.replace(each, at_ms=0)
            for item_id, each in ends.items()
            if each.outcome != "completed"
        }
        turn_ends = {item_id: each.at_ms for item_id, each in ends.items() if each.at_ms}
        # Encoded as a whole, a gigabyte of pictures would be copied again and again while the encoder's memory grows.
        encode = msgspec.msgpack.encode
        rest = bytes(self._reader.rest)
        after = (self.status, requests, answers, self._reader.offset, rest, endings, turn_ends, ends)
        before = _array_head(len(_Saved.__struct_fields__)) + encode(ids) + _array_head(len(items))
        return b"".join((before, *(memoryview(raw) for raw in items), *map(encode, after)))

    def _without_pictures(self, position: int, raw: msgspec.Raw) -> msgspec.Raw:
        """An item without the data of its pictures; made once."""
        item_id = self._ids[position]
        made = self._stripped.get(item_id)
        if made is None or made[0] is not raw:
            item = _decoded(raw, item_id)
            images = tuple(msgspec.structs.replace(image, data=b"") for image in item.images)
            short = msgspec.Raw(msgspec.msgpack.encode(msgspec.structs.replace(item, images=images)))
            made = self._stripped[item_id] = (raw, short if images else raw)
        return made[1]

    def _join_appended(self) -> None:
        for item_id, _ in list(self._appended):
            self[self._positions[item_id]]

    def add_older(self, earlier: Transcript) -> None:
        """Put the items that an earlier state of the chat had before these above them."""
        earlier._join_appended()
        end = earlier._positions.get(self._ids[0], len(earlier)) if self._ids else len(earlier)
        older = [(item_id, earlier._items[at]) for at, item_id in enumerate(earlier._ids[:end]) if item_id not in self]
        self._changed.update(item_id for item_id, _item in older)
        self._removed = self._status_changed = True
        self._ids = [*(item_id for item_id, _item in older), *self._ids]
        self._items = [*(item for _item_id, item in older), *self._items]
        self._positions = {item_id: position for position, item_id in enumerate(self._ids)}
        self.requests = earlier.requests | self.requests
        self.answers = earlier.answers | self.answers
        self.ends = earlier.ends | self.ends

    @classmethod
    def restore(cls, snapshot: bytes | bytearray) -> Transcript:
        """Restore a transcript from a snapshot of the same ``BUILD``.

        Raises:
            OutliveError: the snapshot is damaged.
        """
        try:
            saved = _saved_decoder.decode(snapshot)
        except UNREADABLE as error:
            raise OutliveError(f"a damaged transcript: {error}") from error
        positions = {item_id: position for position, item_id in enumerate(saved.ids)}
        if not len(positions) == len(saved.ids) == len(saved.items):
            raise OutliveError("a damaged transcript: items are missing")
        transcript = cls()
        transcript.status = saved.status
        transcript.requests = {request.id: request for request in saved.requests}
        transcript.answers = {answer.id: answer for answer in saved.answers}
        transcript.ends = saved.all_ends()
        transcript._ids, transcript._items = saved.ids, list(saved.items)
        transcript._positions = positions
        transcript._reader = RecordReader(saved.offset, saved.rest)
        return transcript
