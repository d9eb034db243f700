"""Random changes of a chat, applied in steps, look the same as if they had been applied at once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from gui.chat.content.items import Mode
from gui.chat.content.segments import as_markdown, as_plain, utf16_length
from gui.chat.drawing.style import Style, Widths
from gui.chat.finder import hits_in
from gui.chat.page import positions
from gui.chat.page.rows import Rows
from gui.finding.query import FindQuery, Pattern
from gui.theme.theme import Theme
from session_host.structured.items import (
    AgentRequest,
    AnyChange,
    Append,
    FileChange,
    Item,
    PlanEntry,
    Put,
    Remove,
    RequestOpened,
    RequestResolved,
    SetStatus,
    StateChanged,
    TurnOver,
)
from session_host.structured.transcript import Transcript
from tests.support.fuzzing import times
from tests.support.themes import OWN

WIDTH, HEIGHT = 500.0, 400.0

_MARKUP = st.sampled_from(
    [
        "\n",
        "\n\n",
        "# ",
        "- ",
        "  - ",
        "1. ",
        "> ",
        "> > ",
        "```",
        "```python\n",
        "~~~\n",
        "| a | b |\n|---|---|\n| ",
        " | ",
        "**",
        "*",
        "`",
        "[x](http://a)",
        "![y](z)",
        "<b>",
        "&amp;",
        "---",
        "    ",
        "\t",
        "\r",
        "\0",
        "\u202e",
        "\u2028",
        "😀",
        "x" * 300,
        "word " * 20,
        "\x1b[31m",
        "\x1b[0m",
        "\x1b]",
        "@@ -1,2 +1,3 @@\n",
        "\n+",
        "\n-",
        "\n ",
        "\\",
    ]
)
_TEXT = st.lists(_MARKUP | st.text(max_size=8), max_size=14).map("".join)
_IDS = st.sampled_from(["a", "b", "c", "d"])
_ITEMS = st.builds(
    Item,
    _IDS,
    st.sampled_from(["user", "agent", "thought", "tool", "plan", "notice", "raw"]),
    st.integers(0, 99),
    text=_TEXT,
    title=_TEXT,
    command=_TEXT,
    output=_TEXT,
    status=st.sampled_from(["", "queued", "sent", "running", "done", "failed", "cut", "withdrawn"]),
    changes=st.lists(st.builds(FileChange, _TEXT, _TEXT), max_size=2).map(tuple),
    plan=st.lists(st.builds(PlanEntry, _TEXT), max_size=2).map(tuple),
    parent=st.sampled_from(["", "a"]),
    turn=st.sampled_from(["", "t"]),
)
_CHANGES: st.SearchStrategy[AnyChange] = st.one_of(
    st.builds(Put, _ITEMS),
    st.builds(Append, _IDS, _TEXT, st.sampled_from(["text", "output"])),
    st.builds(SetStatus, _IDS, st.sampled_from(["running", "done", "cut", "withdrawn"])),
    st.builds(Remove, _IDS),
    st.builds(
        lambda request, item: RequestOpened(AgentRequest(request, "command", 50, "?", "make", item=item)), _IDS, _IDS
    ),
    st.builds(RequestResolved, _IDS, st.sampled_from(["", "yes"])),
    st.builds(TurnOver, st.just("t"), st.sampled_from(["completed", "failed", "cut"]), _TEXT),
    st.builds(StateChanged, st.sampled_from(["idle", "running"]), st.sampled_from(["", "t"])),
)


@pytest.fixture(scope="module")
def painter(qapp: QApplication) -> Iterator[QPainter]:
    image = QImage(int(WIDTH), int(HEIGHT), QImage.Format.Format_RGB32)
    painter = QPainter(image)
    yield painter
    painter.end()


@pytest.fixture(scope="module")
def style(qapp: QApplication) -> Style:
    return Style(Theme(qapp, OWN, "dark"), 13)


@settings(max_examples=times(30))
@given(st.lists(st.lists(_CHANGES, max_size=5), max_size=6), st.booleans())
def test_changes_in_steps_look_like_all_changes_at_once(
    style: Style, painter: QPainter, steps: list[list[AnyChange]], unfolded: bool
) -> None:
    transcript = Transcript()
    rows = Rows(transcript, style, Widths(WIDTH, WIDTH))
    rows.modes.update({item: Mode(unfolded or None, unfolded) for item in "abcd"})
    for step in steps:
        for change in step:
            transcript.apply(change, 1)
        rows.apply_changes()
        visible = positions.segments_on_page(rows, positions.from_bottom(rows, HEIGHT), HEIGHT)
        for one, following in pairwise(visible):
            above = rows.row(following.position).before if following.number == 0 else 0.0
            assert following.top - above == pytest.approx(one.bottom)
    fresh = Rows(transcript, style, Widths(WIDTH, WIDTH))
    fresh.modes.update(rows.modes)
    assert len(rows) == len(fresh) == len(transcript) + 1
    for position in range(len(rows)):
        row, other = rows.row(position), fresh.row(position)
        assert [type(each) for each in row.segments] == [type(each) for each in other.segments]
        assert [each.text for each in row.segments] == [each.text for each in other.segments]
        assert isinstance(as_plain(row.segments) + as_markdown(row.segments), str)
        for number, segment in enumerate(row.segments):
            laid = rows.laid(position, number)
            length = utf16_length(segment.text)
            laid.paint(painter, [(0, length, style.selection)], QRectF(0, 0, WIDTH, HEIGHT), style.text)
            for box in laid.boxes:
                assert 0 <= laid.offset_at(QRectF(box.x, box.y, 1, 1).center()) <= length
    assert rows.heights == pytest.approx([rows.row(number).height for number in range(len(rows))])


@settings(max_examples=times(20))
@given(_ITEMS)
def test_each_match_is_in_the_unfolded_item(item: Item) -> None:
    for needle in ("word", "a", "x"):
        for hit in hits_in(item, Pattern(FindQuery(needle))):
            assert hit.end > hit.begin
