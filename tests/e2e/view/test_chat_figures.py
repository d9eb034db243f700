"""Diagrams and formulas in the view of a structured chat."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from gui.chat import figure_program
from gui.chat import figures as module
from gui.chat.figures import Figure, Figures, figures
from gui.chat.pictures import pictures
from session_host.paths import state_dir
from tests.support.chat_view_harness import ChatViewHarness, ShowChat
from tests.support.commands import REPOSITORY
from tests.support.qt_waiting import process_events_until
from tests.support.scripted_chat import ScriptedChat

WAIT_S = 120.0
DIAGRAM = "flowchart LR\n  A[Window] --> B{Ready?}\n  B -->|yes| C[Host]"
FORMULA = r"\frac{-b \pm \sqrt{b^2 - 4ac}}{2a}"
TEXT = f"Here:\n\n```mermaid\n{DIAGRAM}\n```\n\nand\n\n$$\n{FORMULA}\n$$\n\nThat is all."
COLORS = tuple({"is_dark": "no", "ground": "#fff", "box": "#eee", "line": "#333", "text": "#000"}.items())


def a_view(show_chat: ShowChat, text: str) -> ChatViewHarness:
    chat = ScriptedChat()
    chat.done(chat.put("user", "Draw it"))
    chat.done(chat.put("agent", text))
    return show_chat(chat)


def drawn(view: ChatViewHarness) -> list[str]:
    """The texts whose figures are shown."""
    page = view.view.page
    return [
        page.rows.row(each.position).segments[each.number].text
        for each in page.visible
        if any(control.action.kind == "image" for control in each.laid.controls)
    ]


def test_a_diagram_and_a_formula_are_drawn_and_their_source_is_a_click_away(show_chat: ShowChat) -> None:
    view = a_view(show_chat, TEXT)
    process_events_until(lambda: drawn(view) == [DIAGRAM, FORMULA], WAIT_S, "both figures")
    view.settle()
    process_events_until(lambda: len(pictures()._known) >= 2, WAIT_S, "their pictures")
    assert (state_dir() / "figures").is_dir(), "the libraries’ files are in a directory of their own"
    view.click(view.control("source"))
    assert drawn(view) == [FORMULA]
    view.click(view.control("copy"))
    assert QApplication.clipboard().text() == DIAGRAM
    view.click(view.control("source"))
    assert drawn(view) == [DIAGRAM, FORMULA]
    view.click(view.control("copy"))
    assert QApplication.clipboard().text() == DIAGRAM


def test_what_cannot_be_drawn_stays_as_it_is_and_says_so(show_chat: ShowChat) -> None:
    texts = ["flowchart TD\n  A[", "flowchart TD\n  A[🚀 has no letter in the font] --> B"]
    view = a_view(show_chat, "\n\n".join(f"```mermaid\n{text}\n```" for text in texts))
    process_events_until(
        lambda: [image for figure, image in figures()._known.items() if figure.text in texts] == [None, None],
        WAIT_S,
        "both to be tried",
    )
    view.settle()
    assert not drawn(view)
    assert all(text in view.shown() for text in texts)


def test_a_text_that_grows_is_drawn_when_it_stands_still(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    item = chat.put("agent", "```mermaid\nflowchart TD\n")
    view = show_chat(chat)
    for number in range(6):
        chat.say(item, f"  A{number} --> B{number}\n")
        view.settle()
    chat.say(item, "```\n")
    chat.done(item)
    process_events_until(lambda: bool(drawn(view)), WAIT_S, "the diagram")
    assert "A5 --> B5" in drawn(view)[0]


def test_a_diagram_fits_into_its_memory_wherever_the_system_puts_it(tmp_path: Path) -> None:
    """Of ten diagrams, one was not drawn, since its process ran out of addresses."""
    program = "from gui.chat import figure_program as it; it._MEMORY_BYTES = 192 << 20; it.main()"
    asked = {"kind": "mermaid", "text": DIAGRAM, "size_px": 14, "colors": dict(COLORS)}
    variables = dict(each.split("=", 1) for each in module._environment(tmp_path).toStringList())
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(asked).encode(),
        env=variables,
        cwd=REPOSITORY,
        capture_output=True,
        check=False,
    )
    assert done.stdout.startswith(b"\x89PNG"), done.stderr.decode()[-500:]


@pytest.mark.parametrize(
    ("written", "with_room"),
    [
        (r"\sum_{i=1}^n i", r"\sum_{i=1}^n\, i"),
        (r"\prod_\alpha^{m_{a}} k", r"\prod_\alpha^{m_{a}}\, k"),
        (r"\int f \sum_1 2", r"\int\, f \sum_1\, 2"),
        (r"\left(x + \sum_i\right)", r"\left(x + \sum_i\right)"),
        (r"\sum_\alpha", r"\sum_\alpha"),
    ],
)
def test_a_letter_does_not_touch_the_operator_before_it(written: str, with_room: str) -> None:
    assert figure_program._LARGE.sub(r"\1\\,", written) == with_room
    colors = dict(COLORS)
    drawn = figure_program._formula(written, 14, colors)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figure_program, "_LARGE", re.compile(r"(?!)()"))
        assert drawn == figure_program._formula(with_room, 14, colors)


@pytest.mark.usefixtures("qapp", "area")
@pytest.mark.parametrize(
    "text",
    ["flowchart TD\n" + "\n".join(f"N{number} --> N{number * 7 % 150}" for number in range(190)), "A" * 10_001],
)
def test_a_figure_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(module, "_WITHIN_MS", 300)
    mine = Figures()
    figure = Figure("mermaid", text, 14, COLORS)
    mine.get(figure)
    process_events_until(lambda: mine.is_refused(figure), WAIT_S, "it to be given up")
    assert mine.get(figure) is None
