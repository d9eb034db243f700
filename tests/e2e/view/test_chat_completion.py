"""Files, directories and commands that complete a prompt, on a real X server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt

from session_host.structured.items import CommandsChanged, SlashCommand
from session_host.structured.mentions import mentions
from tests.support.chat_view_harness import ChatViewHarness
from tests.support.qt_waiting import process_events_until
from tests.support.scripted_chat import ScriptedChat

WAIT_S = 60.0


def test_files_and_commands_are_completed(show_chat: Callable[..., ChatViewHarness], tmp_path: Path) -> None:
    (tmp_path / "retry.py").touch()
    chat = ScriptedChat()
    chat.apply(CommandsChanged((SlashCommand("review", "Look at the changes"), SlashCommand("init"))))
    shown = show_chat(chat, str(tmp_path))
    offers = shown.view.prompt.completion.list
    shown.type("see @ret")
    process_events_until(offers.isVisible, WAIT_S, "the files to be offered")
    shown.press(Qt.Key.Key_Return)
    assert shown.view.prompt.editor.toPlainText() == "see @retry.py "
    shown.view.prompt.editor.clear()
    shown.type("@rpy")
    assert offers.isVisible()
    assert list(shown.view.prompt.completion.positions(0)) == [0, 6, 7]
    plain, accent = offers.viewport().grab().toImage(), shown.view.theme.tokens.color("accent")
    marked = {(x, y) for x in range(plain.width()) for y in range(plain.height()) if plain.pixelColor(x, y) == accent}
    assert len({y for _x, y in marked}) == 1
    shown.view.prompt.editor.clear()
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").touch()
    shown.view.prompt.completion.files.set_directory(f"{tmp_path}/")  # The list of the previous text is not shown.
    shown.type("@sr")
    process_events_until(offers.isVisible, WAIT_S, "the folder to be offered")
    shown.press(Qt.Key.Key_Tab)
    assert shown.view.prompt.editor.toPlainText() == "@src/"
    assert offers.isVisible()
    shown.press(Qt.Key.Key_Tab)
    assert shown.view.prompt.editor.toPlainText() == "@src/app.py "
    assert not offers.isVisible()
    shown.view.prompt.editor.clear()
    shown.type("/re")
    assert offers.isVisible()
    shown.press(Qt.Key.Key_Escape)
    assert not offers.isVisible()
    shown.type("v")
    shown.press(Qt.Key.Key_Tab)
    assert shown.view.prompt.editor.toPlainText() == "/review "
    assert not shown.of("prompt")


def test_long_descriptions_of_commands_are_elided_in_the_list(
    show_chat: Callable[..., ChatViewHarness], tmp_path: Path
) -> None:
    chat = ScriptedChat()
    chat.apply(CommandsChanged(tuple(SlashCommand(f"skill-{number}", "Use it when " * 60) for number in range(12))))
    shown = show_chat(chat, str(tmp_path))
    offers = shown.view.prompt.completion.list
    shown.type("/")
    assert offers.isVisible()
    shown.settle()
    assert offers.horizontalScrollBar().maximum() == 0
    eighth = offers.visualRect(offers.model().index(7, 0))
    assert offers.viewport().rect().contains(eighth), (offers.viewport().rect(), eighth)


def test_a_file_is_completed_behind_emoji_before_a_text(
    show_chat: Callable[..., ChatViewHarness], tmp_path: Path
) -> None:
    (tmp_path / "retry.py").touch()
    shown = show_chat(ScriptedChat(), str(tmp_path))
    editor, offers = shown.view.prompt.editor, shown.view.prompt.completion.list
    editor.insertPlainText("🎉🎉 see  and fix it")
    for _ in " and fix it":
        shown.press(Qt.Key.Key_Left)
    shown.type("@ret")
    process_events_until(offers.isVisible, WAIT_S, "the files to be offered")
    shown.press(Qt.Key.Key_Return)
    assert editor.toPlainText() == "🎉🎉 see @retry.py and fix it"


def test_a_chosen_file_is_written_so_that_the_agent_gets_it(
    show_chat: Callable[..., ChatViewHarness], tmp_path: Path
) -> None:
    (tmp_path / "Makefile").touch()
    (tmp_path / "my notes").mkdir()
    (tmp_path / "my notes" / "a b.txt").touch()
    shown = show_chat(ScriptedChat(), str(tmp_path))
    editor, offers = shown.view.prompt.editor, shown.view.prompt.completion.list
    shown.type("@Mak")
    process_events_until(offers.isVisible, WAIT_S, "the files to be offered")
    shown.press(Qt.Key.Key_Return)
    assert editor.toPlainText() == "@./Makefile "
    shown.type("@myn")
    shown.press(Qt.Key.Key_Tab)
    assert editor.toPlainText() == '@./Makefile @"my notes/'
    assert offers.isVisible()
    shown.press(Qt.Key.Key_Tab)
    assert editor.toPlainText() == '@./Makefile @"my notes/a b.txt" '
    assert not offers.isVisible()
    assert mentions(editor.toPlainText()) == ["./Makefile", "my notes/a b.txt"]
    editor.clear()
    shown.view.prompt._add_files([str(tmp_path / "my notes" / "a b.txt")])
    assert editor.toPlainText() == '@"my notes/a b.txt" '
