"""A request's texts are wrapped without losing a word; what nobody can read can only be declined."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from gui.chat.page.requests.card import RequestCard
from gui.theme.controls import show_text
from gui.theme.theme import Theme
from gui.wording import chat_texts
from session_host.structured.items import AgentRequest, Question, RequestOption
from tests.support.themes import OWN

WIDTH_PX = 200


def test_a_path_wider_than_a_line_begins_after_the_previous_word(qapp: QApplication) -> None:
    label, text = QLabel(), f"in ~/{'path/' * 20}api and more"
    label.setWordWrap(True)
    for width in range(150, 250):
        show_text(label, text, width)
        alone = QLabel(label.text())
        assert label.heightForWidth(width) == alone.sizeHint().height(), "Qt wraps no line again"
    show_text(label, text, WIDTH_PX)
    lines = label.text().split("\n")
    assert lines[0].startswith("in ~/path/")
    assert all(label.fontMetrics().horizontalAdvance(line) <= WIDTH_PX for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    widest = [label.fontMetrics().horizontalAdvance(line) for line in lines[:-2]]
    assert min(widest) > WIDTH_PX * 0.9, "no line is left half empty"
    show_text(label, "short words only", WIDTH_PX)
    assert label.text() == "short words only"


BIG = "x" * 1_000_000
YES, ALWAYS = RequestOption("1", "Yes", "allow_once"), RequestOption("2", "Always", "allow_always")
NO = RequestOption("3", "No", "reject_once")


@pytest.mark.parametrize(
    ("fields", "answers"),
    [
        ({"options": (YES, replace(ALWAYS, name=BIG, short="x…"), NO)}, ["Yes", "No"]),
        ({"options": (YES, replace(NO, name=BIG))}, ["Yes", "x"]),
        ({"subject": BIG}, ["No"]),
        ({"reason": BIG}, ["No"]),
        ({"questions": (Question("q", "Which?", (BIG, "other")),)}, ["No"]),
    ],
    ids=["an answer", "a refusal", "the subject", "the reason", "a choice"],
)
def test_a_request_with_a_text_of_a_megabyte_freezes_no_window_and_it_can_only_be_declined(
    qapp: QApplication, fields: dict[str, Any], answers: list[str]
) -> None:
    request = replace(AgentRequest("1", "permission", 0, "Do it?", "all of it", (YES, ALWAYS, NO)), **fields)
    parent = QWidget()
    card = RequestCard(Theme(qapp, OWN, "dark"), request, parent, lambda *_answer: None, str)
    card.height_for(600, 20)
    shown = [choice.button.accessibleName()[:6].rstrip("x") or "x" for choice in card._choices]
    assert shown == answers
    texts = [label.text() for label in card.findChildren(QLabel)]
    assert chat_texts.REQUEST_TOO_LONG() in texts
    assert max(map(len, texts)) < 1000
