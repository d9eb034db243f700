"""The rows of a transcript: one for each item, and one after the last item; their segments, layouts and heights.

Rows are created when they are needed; the heights of all other rows are estimates.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Literal, NamedTuple

from gui.chat.content import items as item_content
from gui.chat.content.decisions import folded_lines
from gui.chat.content.hunks import HunkStates, with_below, with_hunks
from gui.chat.content.items import Content, ItemRequests, Mode, has_failed
from gui.chat.content.markdown import MarkdownText
from gui.chat.content.requests import RequestLook
from gui.chat.content.segments import (
    Action,
    AskLine,
    Button,
    Card,
    Code,
    Diff,
    NamedPicture,
    Paragraph,
    Picture,
    Segment,
    TurnFooter,
    TurnLine,
)
from gui.chat.content.turn_steps import Folding
from gui.chat.drawing.code import USUAL_CODE, CodeLook
from gui.chat.drawing.lay_out import estimate, lay_out
from gui.chat.drawing.segment_layout import SegmentLayout
from gui.chat.drawing.style import Style, Widths
from gui.wording import chat_texts
from session_host.protocol.values import Image
from session_host.structured.decisions import Decision, decision, in_turn
from session_host.structured.items import AgentRequest, Item, RequestResolved
from session_host.structured.transcript import Transcript
from session_host.structured.turns import facts_of, is_prompt, turn_at

from .endings import tail, turn_footer, with_ending
from .live import Live

_GUESS_PX = 72.0
"""The height of a row that was not measured yet."""
TAIL = ""
"""The key of the row after the last item."""
_BESIDE_PX = 16
"""How much of a wide table is shown beside a place to which it is scrolled."""
_MAX_ROWS = 300
_MAX_LAID_OUT = 200
"""If an item has more segments, only those near the page stay laid out."""
_GAPS_PX = {"user": 14, "agent": 4, "plan": 6}
"""The space above the items of a kind."""


Comments = Callable[[Item, Sequence[Segment]], Mapping[int, Sequence[Segment]]]
"""Returns segments to stand below lines of an item's diffs; see ``with_below``."""


class AskedSegments(NamedTuple):
    """An open request's segments in a row.

    Attributes:
        request: its id.
        head: the number of its head; ``subject`` of the first one with its subject, or the head if that has it;
            ``card`` of the area of its answers, after the last one.
    """

    request: str
    head: int
    subject: int
    card: int


class Offer(NamedTuple):
    """Something that the user can do about a prompt or its turn.

    Attributes:
        kind: its name.
        name: its text in the prompt's menu, "" if it is not there.
        short: its text on the page.
        beside: where it is: beside the prompt, and beside what the turn did.
        run: does it.
        later: its text beside a turn that others follow, if it is another one then.
    """

    kind: str
    name: str
    short: str
    beside: Sequence[Literal["prompt", "turn"]]
    run: Callable[[], object]
    later: str = ""

    def button(self, item: str, *, is_last: bool = True) -> Button:
        """The button on the page for it; ``item`` is the prompt's id, ``is_last`` whether its turn is the last one."""
        return Button(self.short if is_last else self.later or self.short, Action("offer", item, self.kind))


class Around(NamedTuple):
    """What a row shows that is not its own item's, or hides it.

    Attributes:
        is_first: whether no row is above it.
        is_hidden: whether it has no segments, as a step of a folded turn.
        again: the prompt that is sent again, if its turn did not end well; "" for none.
        footer: the line below it, if a turn ended with it.
        turn_line: the line below a prompt, about the steps of its turn.
        decided: what the user decided in a turn, below the prompt or that line.
        is_moved: whether the prompt has the decisions about this item.
        is_closed: whether the end of a failed call's output is hidden.
        is_last: whether the last turn ends with it.
    """

    is_first: bool = False
    is_hidden: bool = False
    again: str = ""
    footer: TurnFooter | None = None
    turn_line: TurnLine | None = None
    decided: tuple[Decision, ...] = ()
    is_moved: bool = False
    is_closed: bool = False
    is_last: bool = False


class Rows:
    """All rows of a transcript, as of the last frame (``apply_changes``).

    Attributes:
        source: the transcript, which may have grown since.
        transcript: the transcript as it is shown; ``changes``: what changed with the last frame.
        rearranged: is called whenever what is on the page, or its place, may be something else now.
        heights: the heights of all rows.
        widths: the widths of the text and of what may be wider.
        columns: the items with diffs in two columns.
        directory: the chat's directory.
        live: what the agent does now, and since when it asks.
        has_open: whether requests are open; ``request_looks``: how they are shown, by their ids.
        asker: the name of the chat that asks, beside its question; "" on its own page.
        continues: whether a prompt is to be sent once the limit is reset that ended the last turn.
        folds_turns: whether the steps of turns that are over are hidden, unless the user shows those of a turn.
        offers: returns what the user can do about a prompt.
        hunks: returns what the user can do about the hunks of an item; None for nothing.
        comments: returns what stands below lines of the diffs of an item, by the lines' numbers in its segments.
    """

    def __init__(
        self,
        transcript: Transcript,
        style: Style,
        widths: Widths,
        directory: str = "",
        content: Content = item_content.segments,
        *,
        has_turns: bool = True,
    ) -> None:
        """Make the rows; ``content`` returns the segments of an item, ``has_turns`` shows the ends of turns."""
        self.source, self.transcript = transcript, Transcript()
        self.changes = self.transcript.follow(transcript)
        self.rearranged: Callable[[], object] = lambda: None
        self.directory = directory
        self.asker = ""
        self._content = content
        self._has_turns = has_turns
        self.style = style
        self.widths = widths
        self.folds_turns = has_turns
        self.offers: Callable[[Item], Sequence[Offer]] = lambda _prompt: ()
        self.hunks: Callable[[Item], HunkStates | None] = lambda _item: None
        self.comments: Comments = lambda _item, _segments: {}
        self.live = Live()
        self.continues = False
        self.account = self.taker = ""
        self._turns: dict[int, Folding] = {}
        """The turns that were looked at, by the positions of their items."""
        self.columns: set[str] = set()
        self.code_looks: dict[tuple[str, int], CodeLook] = {}
        """How blocks of code are shown, by their rows and first segments."""
        self.card_heights: dict[str, float] = {}
        self.request_looks: dict[str, RequestLook] = {}
        self.modes: dict[str, Mode] = {}
        self.aside_px: dict[tuple[str, int], float] = {}
        """How far wide tables are scrolled sideways, by their rows and first segments."""
        self.pictures: dict[str, Image] = {}
        """The pictures that texts only name, and the user has looked at, by what the texts name."""
        self._rows: OrderedDict[str, Row] = OrderedDict()
        self._requests_by_item: dict[str, ItemRequests] = {}
        self._decisions: dict[str, tuple[RequestResolved, Decision]] = {}
        self._decided: dict[str, list[Decision]] = {}
        """What the user decided, by requests, and by items."""
        self.opened: set[str] = set()
        """The failed calls in turns that are over of which the ends of the outputs are shown."""
        self.has_open = False
        self._placed: object = None
        self._has_loose = False
        """Whether a request is at an item only because of its time."""
        self._day = _today()
        self.heights = [_GUESS_PX] * (len(transcript) + 1)
        self._hide_queue()
        self._place_requests()

    # ------------------------------------------------------------ reading

    def __len__(self) -> int:
        return len(self.heights)

    def key(self, position: int) -> str:
        """The key of the row at a position."""
        return self.transcript[position].id if position < len(self.transcript) else TAIL

    def position(self, key: str) -> int | None:
        """The position of a row; None if its item was removed."""
        if key == TAIL:
            return len(self.transcript)
        return self.transcript.position(key) if key in self.transcript else None

    def row(self, position: int) -> Row:
        """The row at a position."""
        key = self.key(position)
        found = self._rows.get(key)
        if found is None:
            found = self._rows[key] = Row(key)
            found.mode = self.modes.get(key, found.mode)
            self._fill(found, position)
            if len(self._rows) > _MAX_ROWS:
                self._rows.popitem(last=False)
        else:
            self._rows.move_to_end(key)
        return found

    # ------------------------------------------------------------ turns

    def turn(self, position: int) -> Folding:
        """The turn of the item at a position."""
        found = self._turns.get(position)
        if found is None:
            found = Folding(turn_at(self.transcript, position))
            self._turns.update(dict.fromkeys(range(found.turn.begin, found.turn.end), found))
            self._guess_heights(found)
        return found

    def hides(self, position: int) -> bool:
        """Whether the item at a position is a step of a folded turn, or waits in the queue, which the box shows."""
        if not self._has_turns or position >= len(self.transcript):
            return False
        if position >= self.transcript.queue_start:
            return True
        turn = self.turn(position)
        return position in turn.steps and self._is_folded(turn)

    def open_turn(self, position: int) -> tuple[str, Mode] | None:
        """Show the steps of a turn, if the item at a position is one of them; returns its prompt and previous mode."""
        if position >= self.transcript.queue_start or not self.hides(position):
            return None
        key = self.key(self.turn(position).turn.begin)
        mode = self.mode(key)
        self.set_mode(key, mode._replace(unfolded=True))
        return key, mode

    def set_turns_fold(self, *, folds: bool) -> None:
        """Set whether the steps of turns are hidden."""
        if folds != self.folds_turns:
            self.folds_turns = folds
            self._turns = {}
            self._refill(frozenset())

    def _is_folded(self, turn: Folding) -> bool:
        is_open = self.mode(self.key(turn.turn.begin)).unfolded
        return self.folds_turns if is_open is None else not is_open

    def _guess_heights(self, turn: Folding) -> None:
        """Set the heights of steps that are hidden, and guess those that are shown again."""
        hidden = turn.steps if turn.steps and self._is_folded(turn) else frozenset()
        for position in range(turn.turn.begin, turn.turn.end):
            if position in hidden:
                self.heights[position] = 0.0
            elif not self.heights[position] and self.key(position) not in self._rows:
                self.heights[position] = _GUESS_PX

    def _forget_turns(self, changed: Collection[str], *, has_moved: bool) -> None:
        """Look turns up again that may have changed; a prompt says something of later turns, too."""
        transcript = self.transcript
        positions = [transcript.position(key) for key in changed if key in transcript]
        if has_moved or any(transcript[position].kind == "user" for position in positions):
            self._turns = {}
            return
        # An item may continue the turn that it is below of.
        forgotten = {self._turns.get(each) for position in positions for each in (position, position - 1)}
        for turn in set(self._turns.values()):
            if turn in forgotten or not turn.turn.is_settled:
                for position in range(turn.turn.begin, turn.turn.end):
                    self._turns.pop(position, None)

    def _turn_line(self, position: int) -> TurnLine | None:
        """The line below the prompt at a position about its turn's steps; None for none."""
        if not self._has_turns or not is_prompt(self.transcript[position]):
            return None
        turn = self.turn(position)
        if not turn.steps or turn.turn.begin != position:
            return None
        offers = self.offers(self.transcript[position]) if turn.line.files else ()
        buttons = [each.button(turn.line.item, is_last=turn.turn.is_last) for each in offers if "turn" in each.beside]
        changed = turn.changed(self.directory)
        return replace(turn.line, folded=self._is_folded(turn), changed=changed, buttons=tuple(buttons))

    def laid(self, position: int, number: int) -> SegmentLayout:
        """The layout of a segment."""
        row = self.row(position)
        found = row.laid[number]
        if found is None:
            segment = row.segments[number]
            if isinstance(segment, Card):
                found = lay_out(segment, self.widths, self.style, columns=row.key in self.columns)
                found.height = self.card_heights.get(segment.request, 120.0)
            else:
                code = self.code_looks.get(self._table_of(position, number), USUAL_CODE)
                found = lay_out(segment, self.widths, self.style, columns=row.key in self.columns, code=code)
            row.laid[number], row.heights[number] = found, found.height
            self.heights[position] = row.height
        return found

    def segment_height(self, position: int, number: int) -> float:
        """The height of a segment with the space above and below it; lays it out."""
        height = self.laid(position, number).height
        row = self.row(position)
        if number == 0:
            height += row.before
        if number == len(row.segments) - 1:
            height += row.after
        return height

    def place_of(self, request: str) -> tuple[int, AskedSegments] | None:
        """The position of the row, and the segments, of an open request; None if it is not shown."""
        for key, requests in self._requests_by_item.items():
            if any(each.id == request for each in requests.open) and (position := self.position(key)) is not None:
                found = (asked for asked in self.row(position).asked if asked.request == request)
                return next(((position, asked) for asked in found), None)
        return None

    # ------------------------------------------------------------ scrolling sideways

    def aside_of(self, position: int, number: int) -> float:
        """How far a segment is scrolled sideways."""
        overflow = self.laid(position, number).overflow
        return min(self.aside_px.get(self._table_of(position, number), 0.0), overflow.most_px) if overflow else 0.0

    def scroll_aside(self, position: int, number: int, to_px: float) -> bool:
        """Scroll a wide table, by one of its segments; returns whether it moves."""
        overflow, now_px = self.laid(position, number).overflow, self.aside_of(position, number)
        to_px = max(0.0, min(to_px, overflow.most_px)) if overflow is not None else 0.0
        if to_px != now_px:
            self.aside_px[self._table_of(position, number)] = to_px
        return to_px != now_px

    def show_aside(self, position: int, number: int, left_px: float, right_px: float) -> None:
        """Scroll a wide table until it shows a part of one of its segments."""
        if (overflow := self.laid(position, number).overflow) is not None:
            now_px = self.aside_of(position, number)
            least = right_px + _BESIDE_PX - overflow.left - overflow.width
            self.scroll_aside(position, number, min(max(now_px, least), left_px - _BESIDE_PX - overflow.left))

    def _table_of(self, position: int, number: int) -> tuple[str, int]:
        row = self.row(position)
        while number and not getattr(row.segments[number], "first", True):
            number -= 1
        return row.key, number

    # ------------------------------------------------------------ changing

    def apply_changes(self) -> bool:
        """Show the transcript as it is now; returns whether items were added."""
        changes = self.changes = self.transcript.follow(self.source)
        count, changed = len(self.transcript) + 1, changes.items
        more = count > len(self.heights)
        if more or changes.removed:
            self._placed = None  # Requests may belong to other items now.
        if changes.removed:
            known = {key: row.height for key, row in self._rows.items()}
            self.heights = [_GUESS_PX] * count
            for key, height in known.items():
                position = self.position(key)
                if position is None:
                    del self._rows[key]
                else:
                    self.heights[position] = height
        else:
            self.heights += [_GUESS_PX] * (count - len(self.heights))
        self._hide_queue()
        if changed or changes.status or changes.removed:
            changed = changed | self._place_requests()
            self._forget_turns(changed, has_moved=changes.removed)
            self._refill({*changed, TAIL})
        elif _today() != self._day:
            self._refill(frozenset())
        return more

    def _hide_queue(self) -> None:
        for position in range(self.transcript.queue_start, len(self.transcript)):
            self.heights[position] = 0.0

    def _refill(self, changed: Collection[str]) -> None:
        """Update the changed rows, and those that show something else of their turns; all when another day began."""
        is_new_day, self._day = _today() != self._day, _today()
        kept = set(self._turns)
        for key, row in list(self._rows.items()):
            position = self.position(key)
            assert position is not None
            is_changed = key in changed or is_new_day
            if is_changed or (key != TAIL and position not in kept and row.around != self._around(position)):
                self._fill(row, position)
        self.rearranged()

    def refresh(self, key: str) -> None:
        """Update an item's row."""
        row, position = self._rows.get(key), self.position(key)
        if row is not None and position is not None:
            self._fill(row, position)
        self.rearranged()

    def set_continues(self, *, continues: bool) -> None:
        """Set whether a prompt is to be sent once the limit is reset that ended the last turn."""
        if continues != self.continues:
            self.continues = continues
            for key in [each for each, row in self._rows.items() if row.around.is_last]:
                self.refresh(key)

    def set_taker(self, words: str) -> None:
        """Set the words that name who took over the task; "" for nobody."""
        if words != self.taker:
            self.taker = words
            for key in [each for each, row in self._rows.items() if row.around.is_last]:
                self.refresh(key)
            self.refresh(TAIL)

    def refresh_ways(self) -> None:
        """Update the prompts and the changes of files: what the user can do about them may be something else now."""
        for key in list(self._rows):
            if (item := self.transcript.get(key)) is not None and (item.changes or item.kind == "user"):
                self.refresh(key)

    def set_mode(self, key: str, mode: Mode) -> None:
        """Set how much of an item is shown; of a prompt, ``unfolded`` is about the steps of its turn."""
        self.modes[key] = mode
        if (row := self._rows.get(key)) is not None:
            row.mode = mode
        self.refresh(key)
        position = self.position(key)
        if self._has_turns and position is not None and position < self.transcript.queue_start:
            turn = self.turn(position)
            if turn.turn.begin == position:
                self._guess_heights(turn)
                for step in range(turn.turn.begin + 1, turn.turn.end):
                    if step in turn.steps or self.key(step) in self._requests_by_item:
                        self.refresh(self.key(step))

    def mode(self, key: str) -> Mode:
        """How much of an item is shown."""
        return self.modes.get(key, Mode())

    def toggle_fold(self, key: str) -> None:
        """Fold or unfold an item."""
        item = self.transcript.get(key)
        if item is not None:
            mode = self.mode(key)
            self.set_mode(key, mode._replace(unfolded=not item_content.is_unfolded(item, mode)))

    def toggle_turn(self, key: str) -> None:
        """Hide or show the steps of a turn, by its prompt."""
        if (position := self.position(key)) is not None:
            self.set_mode(key, self.mode(key)._replace(unfolded=self._is_folded(self.turn(position))))

    def open_failures(self, key: str) -> str:
        """Show the failed steps of a turn with the ends of their outputs; returns the first one's key."""
        position = self.position(key)
        failed = self.turn(position).failed if position is not None else []
        self.opened.update(failed)
        self.set_mode(key, self.mode(key)._replace(unfolded=True))
        for each in failed:
            self.refresh(each)
        return next(iter(failed), "")

    def toggle_code(self, key: str, first: int, kind: str) -> None:
        """Wrap a block of code or not, show and hide its numbers, or its source, by its row and first segment."""
        look, row = self.code_looks.get((key, first), USUAL_CODE), self._rows[key]
        self.code_looks[key, first] = look.switched(kind)
        row.laid = [None] * len(row.segments)
        self.rearranged()

    def toggle_columns(self, key: str) -> None:
        """Switch an item's diffs between one and two columns."""
        self.columns ^= {key}
        if (row := self._rows.get(key)) is not None:
            row.laid = [None] * len(row.segments)
        self.rearranged()

    def place_of_card(self, key: str, card: str) -> int | None:
        """The number of the segment of an item over which a widget with this id is; None for none."""
        position = self.position(key)
        segments = self.row(position).segments if position is not None else []
        return next((number for number, segment in enumerate(segments) if _is_card(segment, card)), None)

    def set_card_height(self, request: str, height: float) -> bool:
        """Set the height of a request's widget; returns whether it changed."""
        if self.card_heights.get(request) == height:
            return False
        self.card_heights[request] = height
        for row in self._rows.values():
            for number, segment in enumerate(row.segments):
                if _is_card(segment, request):
                    row.laid[number] = None
        return True

    def free_distant_layouts(self, first: tuple[int, int], last: tuple[int, int]) -> None:
        """Free the layouts of long items' segments that are far from the range of two segments; heights stay."""
        for position in range(first[0], last[0] + 1):
            if self.hides(position):
                continue
            row = self.row(position)
            if len(row.segments) <= _MAX_LAID_OUT:
                continue
            low = first[1] - _MAX_LAID_OUT // 2 if position == first[0] else 0
            high = last[1] + _MAX_LAID_OUT // 2 if position == last[0] else len(row.segments)
            for number in (*range(max(low, 0)), *range(min(high, len(row.segments)), len(row.segments))):
                row.laid[number] = None

    def lay_out_code(self) -> None:
        """Lay out code again: another language can be coloured now, or a figure is drawn; heights stay till then."""
        for row in self._rows.values():
            for number, segment in enumerate(row.segments):
                if isinstance(segment, Code | Diff):
                    row.laid[number] = None
        self.rearranged()

    def show_broken(self, image: Image) -> None:
        """Lay out an image again, because it cannot be decoded."""
        for row in self._rows.values():
            for number, segment in enumerate(row.segments):
                if isinstance(segment, Picture | NamedPicture) and segment.image == image:
                    row.laid[number] = None
        self.rearranged()

    def lay_out_again(self, style: Style, widths: Widths) -> None:
        """Lay out all rows again, with another style or other widths."""
        self.style, self.widths = style, widths
        for row in self._rows.values():
            row.laid = [None] * len(row.segments)
            row.heights = [estimate(segment, widths.text, style) for segment in row.segments]
        self.rearranged()

    def _fill(self, row: Row, position: int) -> None:
        if row.key == TAIL:
            found = tail(TAIL, self.transcript, self.requests_of(TAIL), self.directory, self.live.line, self.taker)
            row.replace(found, self.style, self.widths.text)
            row.before, row.after = (0.0, 0.0) if self.asker else (6.0, 12.0)
        else:
            item = self.transcript[position]
            around = row.around = self._around(position)
            if around.is_hidden:
                row.replace([], self.style, self.widths.text)
                row.before = row.after = 0.0
                row.edged = 0
                self.heights[position] = 0.0
                return
            requests, mode = self.requests_of(row.key), row.mode
            if around.is_moved or is_prompt(item):
                requests = requests._replace(answered=())
            if around.is_closed and mode.unfolded is None:
                mode = mode._replace(unfolded=False)
            found = self._content(item, mode, row.markdown, requests, self.directory)
            if item.changes and not requests.open and (states := self.hunks(item)) is not None:
                found = with_hunks(found, item.id, states)
            if item.changes and (below := self.comments(item, found)):
                found = with_below(found, below)
            if self.pictures:
                found = [self._with_picture(segment) for segment in found]
            if (end := self.transcript.ends.get(row.key)) is not None:
                usage, continues = (
                    self.transcript.status.usage,
                    self.continues if around.is_last and not self.taker else None,
                )
                limits = usage.limits if usage is not None else ()
                found = with_ending(found, facts_of(end), item, around.again, limits, self.account, continues=continues)
            if around.footer is not None:
                found = [*found, around.footer]
            begins_turn = is_prompt(item)
            row.edged = len(found) if begins_turn else 0
            if begins_turn:
                found = with_buttons(found, item, self.offers(item))
            if around.turn_line is not None:
                found = [*found, around.turn_line]
            found += folded_lines(around.decided, self.directory)
            row.replace(found, self.style, self.widths.text)
            row.before = 0.0 if around.is_first else float(_GAPS_PX.get(item.kind, 0))
            row.after = 8.0 if begins_turn else 0.0
        self.heights[position] = row.height

    def requests_of(self, key: str) -> ItemRequests:
        """The requests of a row, as they are shown."""
        return self._requests_by_item.get(key, ItemRequests())._replace(looks=self.request_looks, asker=self.asker)

    def show_request_as(self, request: str, look: RequestLook) -> None:
        """Show an open request in another way."""
        self.request_looks[request] = look
        for key, requests in self._requests_by_item.items():
            if any(each.id == request for each in requests.open):
                self.refresh(key)

    def _around(self, position: int) -> Around:
        """What the row of an item shows of its turn and its neighbours."""
        if self.hides(position):
            return Around(is_hidden=True)
        turn, again, footer = self.turn(position), "", None
        is_end = self.key(position) in self.transcript.ends
        if is_end:
            again = own.id if (own := turn.turn.own_prompt) is not None else ""
        if self._has_turns and turn.last_message == position:
            footer = turn_footer(turn.turn, self.key(position))
        item, key = self.transcript[position], self.key(position)
        is_folded = self._has_turns and bool(turn.steps) and self._is_folded(turn)
        begins, decided = turn.turn.begin == position, list[Decision]()
        if is_prompt(item) and (begins or not is_folded):
            decided = in_turn(turn.turn.items if is_folded else [item], self._decided)
        return Around(
            position == 0,
            False,
            again,
            footer,
            self._turn_line(position),
            tuple(decided),
            is_moved=is_folded and not begins and bool(self.requests_of(key).answered),
            is_closed=position in turn.steps and has_failed(item) and item.id not in self.opened,
            is_last=is_end and turn.turn.is_last,
        )

    def _with_picture(self, segment: Segment) -> Segment:
        if isinstance(segment, NamedPicture) and segment.image is None and segment.source in self.pictures:
            return replace(segment, image=self.pictures[segment.source])
        return segment

    def show_picture(self, source: str, image: Image) -> None:
        """Show a picture where texts name it."""
        self.pictures[source] = image
        for key, row in list(self._rows.items()):
            if any(isinstance(segment, NamedPicture) and segment.source == source for segment in row.segments):
                self.refresh(key)

    def _place_requests(self) -> set[str]:
        """Assign each request to an item; returns the items with changed requests."""
        transcript = self.transcript
        state = [*transcript.requests.values(), *transcript.answers.values()]
        if state == self._placed and not self._has_loose:
            return set()
        self._placed, self._has_loose = state, False
        previous, placed = self._requests_by_item, dict[str, ItemRequests]()
        for request in transcript.requests.values():
            answer = transcript.answers.get(request.id)
            key = request.item if request.item in transcript else TAIL
            if key == TAIL and answer is not None:
                key, self._has_loose = self.item_at(request.at_ms), True
            requests = placed.get(key, ItemRequests())
            if answer is None:
                placed[key] = requests._replace(open=(*requests.open, request))
            else:
                placed[key] = requests._replace(answered=(*requests.answered, (request, answer)))
        self._requests_by_item = placed
        self.has_open = any(requests.open for requests in placed.values())
        self._decided = {
            key: [self._decision(*each) for each in of.answered] for key, of in placed.items() if of.answered
        }
        return {key for key in (*previous, *placed) if previous.get(key) != placed.get(key)}

    def _decision(self, request: AgentRequest, answer: RequestResolved) -> Decision:
        known = self._decisions.get(request.id)
        if known is None or known[0] is not answer:
            known = self._decisions[request.id] = answer, decision(request, answer)
        return known[1]

    def item_at(self, at_ms: int) -> str:
        """The key of the last item that started before a time; that of the row after all without one."""
        low, high = 0, self.transcript.queue_start
        while low < high:
            middle = (low + high) // 2
            if self.transcript[middle].at_ms <= at_ms:
                low = middle + 1
            else:
                high = middle
        return self.transcript[low - 1].id if low else TAIL


def _is_card(segment: Segment, request: str) -> bool:
    return isinstance(segment, Card) and segment.request == request


def _today() -> date:
    return datetime.now(UTC).astimezone().date()


class Row:
    """One item as segments.

    Attributes:
        key: the item's id.
        segments: its segments; ``laid`` and ``heights`` have their layouts (None if not laid out) and heights.
        before, after: the space above the first and below the last segment.
        edged: how many of its segments the edge of a prompt is beside.
        asked: the open requests in it.
        mode: how much of the item is shown.
        around: what it shows of its turn and its neighbours.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self.segments: list[Segment] = []
        self.laid: list[SegmentLayout | None] = []
        self.heights: list[float] = []
        self.before = self.after = 0.0
        self.edged = 0
        self.asked: list[AskedSegments] = []
        self.around = Around()
        self.mode = Mode()
        self.markdown = MarkdownText()

    @property
    def height(self) -> float:
        """The height of all segments; estimated for those that are not laid out yet."""
        return sum(self.heights) + self.before + self.after

    def replace(self, segments: list[Segment], style: Style, width: float) -> None:
        """Replace the segments; unchanged ones keep their layouts."""
        previous, laid, heights = self.segments, self.laid, self.heights
        self.laid = [None] * len(segments)
        self.heights = [0.0] * len(segments)
        for number, segment in enumerate(segments):
            if number < len(previous) and (previous[number] is segment or previous[number] == segment):
                self.laid[number], self.heights[number] = laid[number], heights[number]
            else:
                self.heights[number] = estimate(segment, width, style)
        self.segments = segments
        heads = {segment.request: number for number, segment in enumerate(segments) if isinstance(segment, AskLine)}
        self.asked = [
            AskedSegments(
                each.request,
                heads[each.request],
                number - (each.subject_segments or number - heads[each.request]),
                number,
            )
            for number, each in enumerate(segments)
            if isinstance(each, Card) and each.request in heads
        ]


def with_buttons(found: list[Segment], item: Item, offers: Sequence[Offer]) -> list[Segment]:
    """The segments of a prompt, with the buttons that its first line shows while it is pointed at."""
    if not found or not isinstance(first := found[0], Paragraph):
        return found
    copy = Button(chat_texts.COPY_SHORT(), Action("copy_prompt", item.id))
    buttons = (*(each.button(item.id) for each in offers if "prompt" in each.beside), copy)
    return [replace(first, buttons=buttons), *found[1:]]
