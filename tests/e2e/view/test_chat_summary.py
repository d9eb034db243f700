"""The strip above the prompt box with the plan and the changed files."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from gui.chat.summary import Summary
from session_host.structured.items import FileChange, Item, PlanEntry, Put, TurnEnded
from tests.support.chat_view_harness import ChatViewHarness
from tests.support.scripted_chat import BEGAN_MS, ScriptedChat

pytestmark = pytest.mark.e2e

PATCH = "@@ -1,2 +1,3 @@\n-old\n+new\n+more\n same\n"


def edited(chat: ScriptedChat, *paths: str, status: str = "done", **fields: str) -> str:
    changes = tuple(FileChange(path, PATCH, **fields) for path in paths)  # type: ignore[arg-type]
    return chat.put("tool", title="Edit", tool="edit", status=status, changes=changes)


def plan(chat: ScriptedChat, done: int, item: str = "plan") -> None:
    names = ("Read the parser", "Fix the parser", "Run the tests")
    states = ["completed"] * done + ["in_progress"] + ["pending"] * len(names)
    entries = tuple(PlanEntry(name, state) for name, state in zip(names, states, strict=False))  # type: ignore[arg-type]
    chat.apply(Put(Item(item, "plan", BEGAN_MS, plan=entries)))


def test_the_plan_and_the_changed_files_are_shown_above_the_prompt_box(
    show_chat: Callable[..., ChatViewHarness],
) -> None:
    chat = ScriptedChat()
    show_view = show_chat(chat, "/src/app")
    strip = show_view.view.strip
    assert not strip.isVisible()
    chat.put("user", "Fix it")
    plan(chat, 1)
    for number in range(40):
        chat.put("agent", f"Paragraph {number}.")
    first = edited(chat, "/src/app/parser.py")
    edited(chat, "/src/app/lexer.py", "/elsewhere/a&b.py")
    for number in range(40):
        chat.put("agent", f"Later {number}.")
    show_view.settle()
    assert strip.plan_button.text() == "Plan · 1 of 3 · Fix the parser"
    assert strip.files_button.text() == "3 files changed  +6 −3"
    assert strip.files_button.accessibleDescription() == "6 lines added, 3 lines removed"

    QTest.mouseClick(strip.plan_button, Qt.MouseButton.LeftButton)
    show_view.settle()
    assert "Run the tests" in show_view.shown()
    strip.files_button.setFocus()
    QTest.keyClick(strip.files_button, Qt.Key.Key_Space)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    texts = [action.text() for action in menu.actions()]
    assert texts == [
        "Changes", "", "/elsewhere/a&&b.py\t+2 −1", "lexer.py\t+2 −1", "parser.py\t+2 −1",
    ]  # fmt: skip
    menu.actions()[0].trigger()
    assert show_view.of("show_changes") == [()]
    menu.actions()[-1].trigger()
    menu.close()
    show_view.settle()
    assert "parser.py" in show_view.shown()
    assert show_view.view.page.rows.position(first) in {each.position for each in show_view.view.page.visible}
    assert show_view.view.page.hasFocus()

    plan(chat, 3)
    show_view.settle()
    assert not strip.plan_button.isVisible(), "all is done"
    show_view.view.resize(300, 500)
    plan(chat, 2)
    show_view.settle()
    assert strip.files_button.isVisible()
    assert strip.files_button.geometry().right() < strip.width()


def test_an_unfinished_plan_is_shown_until_a_later_turn_has_ended_without_a_plan() -> None:
    chat, summary = ScriptedChat(), Summary()

    def shown() -> str:
        summary.update(chat.transcript)
        again = Summary()
        again.update(chat.transcript)
        assert again.plan == summary.plan, "the same when the chat is opened again"
        return summary.plan.id if summary.plan is not None else ""

    def prompt(turn: str) -> None:
        chat.put("user", "a prompt", turn=turn)
        chat.run(turn)

    def put_plan(turn: str) -> None:
        chat.apply(Put(Item(f"plan of {turn}", "plan", BEGAN_MS, plan=(PlanEntry("Read", "in_progress"),), turn=turn)))

    prompt("t1")
    put_plan("t1")
    chat.put("user", "steered into it", turn="t1")
    chat.end(TurnEnded("t1", "completed"))
    assert shown() == "plan of t1"
    prompt("t2")
    assert shown() == "plan of t1", "the turn may go on with it"
    put_plan("t2")
    chat.end(TurnEnded("t2", "completed"))
    assert shown() == "plan of t2"
    prompt("t3")
    chat.end(TurnEnded("t3", "completed"))
    assert shown() == ""
    prompt("t4")
    assert shown() == ""
    put_plan("t4")
    assert shown() == "plan of t4"


def test_only_completed_changes_count() -> None:
    chat, summary = ScriptedChat(), Summary()
    running = edited(chat, "a.py", status="running")
    edited(chat, "b.py", status="declined")
    summary.update(chat.transcript)
    assert list(summary.files) == []
    chat.done(running)
    again = edited(chat, "c.py")
    edited(chat, "a.py", moved_to="d.py")
    summary.update(chat.transcript)
    assert [(file.path, file.added, file.removed) for file in summary.files.values()] == [
        ("c.py", 2, 1),
        ("d.py", 4, 2),
    ]
    assert summary.files["c.py"].item == again
    chat.put("plan", plan=(PlanEntry("of a sub-agent"),), parent="x")
    summary.update(chat.transcript)
    assert summary.plan is None
