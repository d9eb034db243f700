"""A page of a transcript that grows item by item, while it is painted, resized, pointed at and used in between.

After all of it, the page is what a new page shows of the same transcript.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import msgspec
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.chat.content.segments import Action, Button, Card, CommentLine, Diff, LiveLine, Segment
from gui.chat.page import live
from gui.chat.view import ChatView
from gui.finding.query import FindQuery
from gui.theme.theme import Theme
from session_host.protocol.turns import TurnFacts, TurnOutcome, TurnWork
from session_host.structured.items import (
    AgentRequest,
    AnyChange,
    Append,
    FileChange,
    Item,
    ItemKind,
    ItemStatus,
    PlanEntry,
    Put,
    Remove,
    RequestOpened,
    RequestResolved,
    SetStatus,
    StateChanged,
    TurnOver,
    WrittenOutcome,
)
from session_host.structured.transcript import Transcript
from session_host.structured.turns import time_text
from tests.support.fuzzing import chance, some, times
from tests.support.qt_waiting import run_deferred_deletes, show
from tests.support.scripted_chat import ALLOW, BEGAN_MS, DECLINE
from tests.support.themes import OWN
from tests.support.unhandled_errors import UnhandledErrors

TRANSCRIPTS = 20
"""``OUTLIVE_FUZZ=500`` tries 10,000."""
SIZES = ((420, 360), (300, 520), (520, 300), (380, 200), (640, 420))
PATCH = "@@ -1,2 +1,2 @@\n-an old line\n+a new word\n the rest\n"
TEXTS = (
    "word",
    "A **word**.\n\n- one\n- two\n\n",
    "```\ncode of a word\n```\n",
    "| a | b |\n|---|---|\n| word | 2 |\n",
)

STATUSES: tuple[ItemStatus, ...] = ("running", "done", "done", "failed", "cut", "interrupted", "withdrawn", "sent")
OUTCOMES: tuple[WrittenOutcome, ...] = ("completed", "completed", "failed", "interrupted", "cut")


class Writer:
    """Writes random transcripts as agents do: prompts, steps, answers, ends of turns, questions; and some disorder."""

    def __init__(self, choose: random.Random, transcript: Transcript) -> None:
        self._choose, self.transcript = choose, transcript
        self._made = self._turns = 0
        self._steps: dict[int, Callable[[], AnyChange]] = dict(
            enumerate(
                (
                    *[lambda: self._put("user", status=some(choose, ["done", "done", "sent", "queued", "held"]))] * 2,
                    *[lambda: self._put("agent", status=some(choose, ["running", "done", "done", ""]))] * 3,
                    *[self._put_tool] * 4,
                    lambda: self._put(some(choose, ["thought", "notice", "raw"]), status=some(choose, ["", "done"])),
                    lambda: self._put("plan", plan=(PlanEntry("look", some(choose, ["pending", "completed"])),)),
                    *[lambda: Append(self._any(), some(choose, TEXTS), some(choose, ["text", "text", "output"]))] * 3,
                    *[self._set_status] * 2,
                    self._put_again,
                    lambda: Remove(self._any()),
                    *[self._begin] * 2,
                    *[self._end] * 2,
                    lambda: StateChanged(some(choose, ["idle", "background", "requires_action", "ended"])),
                    lambda: RequestOpened(self._request()),
                    lambda: RequestResolved(
                        some(choose, ["r0", "r1"]), some(choose, ["", "yes", "no"]), at_ms=self._now
                    ),
                )
            )
        )

    @property
    def _now(self) -> int:
        return BEGAN_MS + self._made * 1000

    @property
    def _turn(self) -> str:
        return f"t{self._turns}" if self._choose.random() < 0.9 else ""

    def write(self) -> None:
        """Make one change."""
        self.transcript.apply(self._steps[self._choose.randrange(len(self._steps))](), self._now)

    def _any(self) -> str:
        """An item's id, mostly of a late one; sometimes of none."""
        count = len(self.transcript)
        if not count or self._choose.random() < 0.02:
            return "none"
        return self.transcript[max(count - 1 - int(self._choose.expovariate(0.4)), 0)].id

    def _put(self, kind: ItemKind, **fields: object) -> Put:
        self._made += 1
        text = "" if self._choose.random() < 0.1 else some(self._choose, TEXTS) * self._choose.randrange(1, 4)
        turn = "" if fields.get("status") in {"sent", "queued", "held"} else self._turn
        parent = "i1" if kind in {"agent", "tool"} and self._choose.random() < 0.1 else ""
        made = Item(f"i{self._made}", kind, self._now, text=text, turn=turn, parent=parent)
        return Put(_with(made, fields))

    def _put_tool(self) -> Put:
        status = some(self._choose, ["running", "done", "done", "done", "failed", "declined"])
        code = some(self._choose, [None, 0, 0, 2])
        if self._choose.random() < 0.5:
            output = "a word\n" * self._choose.randrange(60)
            return self._put("tool", tool="execute", command="make", output=output, status=status, exit_code=code)
        changes = tuple(
            FileChange(some(self._choose, ["a.py", "b.py"]), PATCH) for _ in range(self._choose.randrange(3))
        )
        return self._put("tool", tool="edit", status=status, changes=changes)

    def _set_status(self) -> SetStatus:
        status: ItemStatus = some(self._choose, STATUSES)
        return SetStatus(self._any(), status, self._now, some(self._choose, ["", self._turn]))

    def _put_again(self) -> AnyChange:
        if (item := self.transcript.get(self._any())) is None:
            return StateChanged("idle")
        return Put(_with(item, {"text": some(self._choose, TEXTS), "exit_code": some(self._choose, [None, 1])}))

    def _begin(self) -> StateChanged:
        self._turns += 1
        return StateChanged("running", f"t{self._turns}")

    def _end(self) -> AnyChange:
        if self._choose.random() < 0.5:
            return StateChanged("idle")
        outcome: WrittenOutcome = some(self._choose, OUTCOMES)
        facts = None
        if self._choose.random() < 0.7:
            known: TurnOutcome = "limit" if outcome == "failed" else "done"
            work = some(self._choose, [None, TurnWork(files=2, added=3, commands=1), TurnWork()])
            facts = TurnFacts(outcome=known, began=time_text(self._now - 2000), ended=time_text(self._now), work=work)
        return TurnOver(f"t{self._turns}", outcome, "an error" if outcome == "failed" else "", facts=facts)

    def _request(self) -> AgentRequest:
        request, item = some(self._choose, ["r0", "r1"]), some(self._choose, ["", self._any()])
        if self._choose.random() < 0.5:
            return AgentRequest(request, "command", self._now, "Run?", "make all", (ALLOW, DECLINE), item=item)
        subject = f"--- a/a.py\n+++ b/a.py\n{PATCH}"
        return AgentRequest(request, "edit", self._now, "Edit?", subject, (ALLOW, DECLINE), item=item)


def _with(item: Item, fields: dict[str, object]) -> Item:
    return msgspec.structs.replace(item, **fields)


def comments(item: Item, segments: Sequence[Segment]) -> dict[int, list[Segment]]:
    """A comment below a line of every other change, and two below its last one."""
    lines = sum(len(each.lines) for each in segments if isinstance(each, Diff))
    if not lines or int(item.id.removeprefix("i")) % 2:
        return {}
    drop = Button("Remove", Action("drop_comment", item.id, "c"))
    comment: Segment = CommentLine("a word", inner=True, place="2", buttons=(drop,))
    return {1: [comment], lines - 1: [comment, comment]}


class User:
    """Does with a view what users and Qt do, at any moment."""

    def __init__(self, choose: random.Random, view: ChatView, writer: Writer) -> None:
        self._choose, self._view, self._page, self._writer = choose, view, view.page, writer
        self._acts: tuple[Callable[[], object], ...] = (
            self._paint,
            self._paint,
            self._tick,
            self._tick,
            self._frame,
            self._frame,
            lambda: view.resize(*some(choose, SIZES)),
            lambda: self._mouse(QEvent.Type.MouseMove, self._point(), Qt.MouseButton.NoButton),
            self._click,
            self._click,
            self._click_a_control,
            self._click_a_control,
            self._drag,
            self._wheel,
            self._wheel,
            self._key,
            self._find,
            self._older_history,
            self._page.select_all,
            lambda: self._page.copy(markdown=choose.random() < 0.5),
            lambda: self._page.focusNextPrevChild(choose.random() < 0.7),
            lambda: self._page.context_menu.build(self._point()).deleteLater(),
            lambda: view.prompts.go(some(choose, [-1, 1])),
            self._open_failures,
            view.prompts.listed,
            view.show_request,
            lambda: self._page.answer_by_key("allow_once"),
            lambda: view.set_turns_fold(folds=choose.random() < 0.7),
            lambda: self._page.set_font_size(some(choose, [0, 1, -1])),
            self._page.show_ways,
            lambda: self._page.setVisible(not self._page.isVisible()),
        )

    def act(self) -> None:
        """Do one thing."""
        some(self._choose, self._acts)()

    def _paint(self) -> None:
        self._page.repaint()
        self._view.rail.repaint()

    def _tick(self) -> None:
        self._page._live_timer.tick()
        self._view.rail._read()

    def _frame(self) -> None:
        if self._page.isVisible():
            self._page.scroller.show_frame()

    def _point(self) -> QPointF:
        return QPointF(self._choose.randrange(self._page.width()), self._choose.randrange(self._page.height()))

    def _mouse(self, kind: QEvent.Type, point: QPointF, button: Qt.MouseButton) -> None:
        held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else button
        place = self._page.mapToGlobal(point)
        event = QMouseEvent(kind, point, place, button, held, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(self._page, event)

    def _press(self, point: QPointF) -> None:
        self._mouse(QEvent.Type.MouseButtonPress, point, Qt.MouseButton.LeftButton)

    def _release(self, point: QPointF) -> None:
        self._mouse(QEvent.Type.MouseButtonRelease, point, Qt.MouseButton.LeftButton)

    def _between(self) -> None:
        """What happens while a button is held."""
        if self._choose.random() < 0.4:
            self._writer.write()
        if self._choose.random() < 0.2:
            some(self._choose, (self._paint, self._tick, self._frame))()

    def _click(self) -> None:
        point = self._point()
        self._press(point)
        self._between()
        self._release(point)

    def _click_a_control(self) -> None:
        page = self._page
        if places := [
            QPointF(page.column_left, placed.top) + control.area.center()
            for placed in page.visible
            for control in placed.laid.controls
            if control.action.kind != "more"
        ]:
            point = some(self._choose, places)
            self._mouse(QEvent.Type.MouseMove, point, Qt.MouseButton.NoButton)
            self._press(point)
            self._between()
            self._release(point)

    def _drag(self) -> None:
        first, last = self._point(), self._point()
        self._press(first)
        self._between()
        self._mouse(QEvent.Type.MouseMove, last, Qt.MouseButton.LeftButton)
        self._between()
        self._release(last)

    def _wheel(self) -> None:
        point, by = self._point(), QPoint(self._choose.randrange(-1, 2), self._choose.choice([-1, 1]) * 240)
        none, phase = Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
        event = QWheelEvent(
            point, self._page.mapToGlobal(point), QPoint(), by, Qt.MouseButton.NoButton, none, phase, False
        )
        QApplication.sendEvent(self._page, event)

    def _key(self) -> None:
        keys = (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Right)
        QTest.keyClick(self._page, some(self._choose, keys))

    def _find(self) -> None:
        finder = self._view.finder
        if self._page.pattern is None:
            finder.find(FindQuery(some(self._choose, ["word", "a", "code"])))
        elif self._choose.random() < 0.6:
            finder.step(some(self._choose, [-1, 1]))
        else:
            finder.end_search()

    def _open_failures(self) -> None:
        """Open a turn at its failed steps, as its line does."""
        rows = self._page.rows
        turns = {rows.turn(position) for position in range(rows.transcript.queue_start)}
        if failed := sorted(rows.key(turn.turn.begin) for turn in turns if turn.failed):
            self._page._open_failures(some(self._choose, failed))

    def _older_history(self) -> None:
        """Show a replica that began with the newest items only, as it gets the older ones."""
        live = self._writer.transcript
        newest = Transcript.restore(live.snapshot(newest_bytes=self._choose.randrange(1, 3000)))
        if self._choose.random() < 0.5:
            self._view.set_transcript(newest)
        newest.add_older(live)
        self._writer.transcript = newest
        if self._view.transcript is not newest:
            self._view.set_transcript(newest)


@pytest.fixture
def make_view(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], ChatView]]:
    monkeypatch.setattr(live, "_QUIET_S", math.inf)  # A slow computer is no agent that waits for its model.
    theme, made = Theme(qapp, OWN, "dark"), list[ChatView]()

    def make() -> ChatView:
        view = ChatView(theme, lambda _input: None, "/src")
        view.page.rows.hunks, view.page.rows.comments = lambda _item: lambda _path, _text: "made", comments
        view.resize(*SIZES[0])
        show(view)
        made.append(view)
        return view

    yield make
    for view in made:
        view.close()
        view.deleteLater()
    run_deferred_deletes()


def content(view: ChatView) -> list[object]:
    """All that a view's rows show, and where its prompts are."""
    rows = view.page.rows
    lines = [
        (
            row.key,
            [_still(each) for each in row.segments],
            row.before,
            row.after,
            row.edged,
            [rows.laid(position, at).height for at, each in enumerate(row.segments) if not isinstance(each, Card)],
        )
        for position in range(len(rows))
        for row in [rows.row(position)]
    ]
    return [
        *lines,
        view.rail.ticks.found,
        view.prompts.listed(),
        view.strip.files_button.accessibleName(),
        view._summary.plan,
        view._summary.files,
    ]


def _still(segment: Segment) -> Segment:
    """A segment without what depends on the clock."""
    return replace(segment, facts="", bars=()) if isinstance(segment, LiveLine) else segment


def picture(view: ChatView) -> QImage:
    return view.page.grab().toImage()


def test_a_page_in_use_shows_what_a_new_page_shows_of_the_same_transcript(
    make_view: Callable[[], ChatView],
) -> None:
    view, new, unhandled_errors = make_view(), make_view(), UnhandledErrors()
    with unhandled_errors.collected(with_log=True), chance() as choose:
        for number in range(times(TRANSCRIPTS)):
            seed = choose.getrandbits(32)
            try:
                use(random.Random(seed), view, new, unhandled_errors)
            except BaseException as error:
                error.add_note(f"transcript {number}: random.Random({seed})")
                raise


def test_a_page_scrolls_on_from_steps_that_are_folded(make_view: Callable[[], ChatView]) -> None:
    view, transcript = make_view(), Transcript()
    transcript.apply(Put(Item(id="prompt", kind="user", at_ms=BEGAN_MS, turn="t1", text="go")))
    for number in range(40):
        transcript.apply(
            Put(
                Item(id=f"step {number}", kind="tool", at_ms=BEGAN_MS, turn="t1", status="done", title=f"step {number}")
            )
        )
    transcript.apply(
        Put(Item(id="answer", kind="agent", at_ms=BEGAN_MS, turn="t1", status="done", text="word\n\n" * 60))
    )
    transcript.apply(StateChanged("idle"))
    view.set_transcript(transcript)
    page = view.page
    page.rows.toggle_turn("prompt")
    page.scroller.scroll_to("step 20", 0, always=True)
    page.rows.toggle_turn("prompt")
    page.scroller.scroll_by(5)
    assert page.rows.key(page.visible[0].position) == "answer"


def use(choose: random.Random, view: ChatView, new: ChatView, unhandled_errors: UnhandledErrors) -> None:
    """Show a random transcript while it grows; then compare the page with a new one."""
    view.page.rows.modes.clear()
    view.page.rows.columns.clear()
    view.page.rows.code_looks.clear()
    view.page.rows.aside_px.clear()
    view.finder.end_search()
    writer = Writer(choose, Transcript())
    view.set_transcript(writer.transcript)
    user = User(choose, view, writer)
    for _ in range(choose.randrange(5, 40)):
        for _ in range(choose.choice([1, 1, 1, 2, 6])):
            writer.write()
        for _ in range(choose.choice([0, 1, 1, 2])):
            user.act()
            assert not unhandled_errors.found, "\n".join(unhandled_errors.found)
            check_visible(view)
    settle(view)
    assert not unhandled_errors.found, "\n".join(unhandled_errors.found)
    compare(view, new, writer.transcript)
    run_deferred_deletes()


def check_visible(view: ChatView) -> None:
    """What the page paints is what its rows have."""
    rows = view.page.rows
    assert len(rows) == len(rows.transcript) + 1
    assert view.page.visible or not view.page.isVisible(), "the page is empty until the next frame"
    for placed in view.page.visible:
        assert rows.laid(placed.position, placed.number) is placed.laid


def settle(view: ChatView) -> None:
    page = view.page
    page.show()
    page.setFocus()
    page.scroller.show_frame()
    page.scroller.scroll_to_end()
    view.finder.end_search()
    page.selection.clear()
    page.hovered = page.pointed = page.focused = page.copied = None
    page.was_entered_by_tab = False
    while view.rail.ticks.read_on():
        pass
    page.scroller.arrange()


def compare(view: ChatView, new: ChatView, transcript: Transcript) -> None:
    """Compare a page with a new one."""
    rows, style = view.page.rows, view.page.style_
    new.resize(view.size())
    new.page.set_font_size(style.font().pixelSize())
    new.set_transcript(Transcript.restore(transcript.snapshot()))
    new.page.rows.modes, new.page.rows.columns = dict(rows.modes), set(rows.columns)
    new.page.rows.code_looks, new.page.rows.aside_px = dict(rows.code_looks), dict(rows.aside_px)
    new.page.rows.folds_turns, new.page.rows.opened = rows.folds_turns, set(rows.opened)
    new.set_transcript(Transcript.restore(transcript.snapshot()))
    settle(new)
    new.page.resize(view.page.size())  # The prompt box may have what the user took back.
    for one, other in zip(content(view), content(new), strict=True):
        assert one == other, f"{one}\n\n{other}"
    for page in (view.page, new.page):
        page.scroller.scroll_to_start()
        page.scroller.scroll_to_end()
    if not transcript.open_requests:
        assert [each[:4] for each in view.page.visible] == [each[:4] for each in new.page.visible]
    if not transcript.open_requests and not transcript.status.is_running:
        assert picture(view) == picture(new)
