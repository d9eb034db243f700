"""A chat's text and a command's output are opened in the user's editor; an agent's answers are copied."""

from __future__ import annotations

import errno
import json
import os
import stat
import threading
import uuid
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPointF, QProcess, Qt
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtTest import QTest

from gui.bridge import chat_files
from gui.settings.preferences import Preferences
from gui.settings.table import WindowFile
from gui.window.actions import page_wiring
from gui.wording import page_texts
from session_host import paths
from session_host.client.chats.agent_record import FoundAnswer
from session_host.errors import OutliveError
from session_host.protocol.values import Activity, State
from session_host.terminal.base import Emulator
from tests.support.journals import output, resize, write_journal
from tests.unit.gui.conftest import WindowHarness

PROMPT = b"\x1b]133;A\x07$ \x1b]133;B\x07"
SHELL = PROMPT + b"ls\r\n\x1b]133;C\x07a file\r\nanother\r\n\x1b]133;D;0\x07" + PROMPT
"""A shell's screen with one command."""

Commands = list[list[str]]


@pytest.fixture
def editor(monkeypatch: pytest.MonkeyPatch) -> Commands:
    """The commands by which editors are started."""
    commands: Commands = []

    def start(program: str, arguments: list[str]) -> tuple[bool, int]:
        commands.append([program, *arguments])
        return True, 1

    monkeypatch.setattr(QProcess, "startDetached", start)
    return commands


def with_editor(command: str = "mine {line} {file}") -> Preferences:
    return Preferences(window=WindowFile(editor=command))


async def add_ended(harness: WindowHarness, name: str, *pieces: bytes) -> str:
    """An ended chat with this recording."""
    session_id = await harness.add(name, state=State.EXITED, exit_code=0)
    if pieces:
        write_journal(paths.session_journal(session_id), [resize(0, 0), output(0, b"".join(pieces))])
    return session_id


async def show_shell(harness: WindowHarness) -> tuple[str, Emulator]:
    """Show a chat with ``SHELL`` on its screen, in a window with an editor; returns its id and its emulator."""
    session_id = await harness.add("shell")
    harness.open_window(preferences=with_editor())
    emulator = harness.show(session_id).replica.emulator
    assert emulator is not None
    emulator.feed(SHELL)
    return session_id, emulator


def open_output(harness: WindowHarness) -> None:
    """Open the output of the newest command by its key in *Commands…*."""
    harness.window.actions_["commands"].trigger()
    QTest.keyClick(harness.window.sheets.chooser.field, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)


async def banner(harness: WindowHarness, begin: str) -> str:
    """Wait for the notice that begins so; a slow machine may first show that the export takes long."""
    banners = harness.window.banners
    await harness.until(lambda: banners.current is not None and banners.current.text.startswith(begin), begin)
    assert banners.current is not None
    text = banners.current.text
    banners.dismiss()
    return text


async def test_the_whole_text_of_an_ended_chat_opens_in_a_private_file_at_its_end(
    harness: WindowHarness, editor: Commands
) -> None:
    session_id = await add_ended(harness, "a/b", b"".join(b"line %d\r\n" % number for number in range(100)))
    window = harness.open_window(preferences=with_editor())
    window.open_chat(harness.chat(session_id))
    window.actions_["open_text"].trigger()
    await harness.until(lambda: editor, "the editor")
    path = paths.runtime_dir() / "texts" / session_id / "a-b.txt"
    assert editor == [["mine", "100", str(path)]]
    assert path.read_text().splitlines() == [f"line {number}" for number in range(100)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [stat.S_IMODE(above.stat().st_mode) for above in (path.parent, path.parent.parent)] == [0o700, 0o700]
    assert list(path.parent.iterdir()) == [path]
    harness.sessions.listed.removed.emit(session_id)
    assert not path.parent.exists(), "a removed chat leaves no text"


async def test_the_output_of_one_command_opens_and_replaces_the_previous_text(
    harness: WindowHarness, editor: Commands
) -> None:
    session_id, emulator = await show_shell(harness)
    open_output(harness)
    await harness.until(lambda: editor, "the editor")
    path = Path(editor[0][2])
    assert path == paths.runtime_dir() / "texts" / session_id / "shell output.txt"
    assert path.read_text() == "a file\nanother\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    emulator.feed(SHELL.replace(b"another", b"a third"))
    open_output(harness)
    await harness.until(lambda: len(editor) == 2, "the editor")
    assert path.read_text() == "a file\na third\n"
    assert list(path.parent.iterdir()) == [path]


async def test_the_texts_of_a_renamed_chat_have_only_its_new_name(harness: WindowHarness, editor: Commands) -> None:
    session_id = await add_ended(harness, "shell", SHELL)
    window = harness.open_window(preferences=with_editor())
    window.open_chat(harness.chat(session_id))
    chat = harness.chat(session_id)
    for name in ("shell", "shell output", "last"):
        harness.sessions.lifecycle.rename(chat, name)
        await harness.until(lambda name=name: chat.name == name, "the name")  # type: ignore[misc]
        for open_one in (window.actions_["open_text"].trigger, partial(open_output, harness)):
            editor.clear()
            open_one()
            await harness.until(lambda: editor, "the editor")
        there = {path.name for path in (paths.runtime_dir() / "texts" / session_id).iterdir()}
        assert there == {f"{name}.txt", f"{name} output.txt"}


async def test_a_terminal_without_output_or_text_says_so(
    harness: WindowHarness, editor: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty, unrecorded = await add_ended(harness, "empty", b"\x1b[2J"), await add_ended(harness, "unrecorded")
    window = harness.open_window(preferences=with_editor())
    window.open_chat(harness.chat(empty))
    window.actions_["commands"].trigger()
    assert harness.view.prompts.label.text == page_texts.NO_COMMAND()
    window.actions_["open_text"].trigger()
    await banner(harness, "empty has no text yet")
    window.open_chat(harness.chat(unrecorded))
    window.actions_["open_text"].trigger()
    await banner(harness, "Can’t open the text of unrecorded: unrecorded has no recording")
    assert editor == []


async def test_a_full_disk_leaves_no_partial_text(
    harness: WindowHarness, editor: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id, _ = await show_shell(harness)
    fdopen = os.fdopen

    def on_full_disk(descriptor: int, *arguments: Any, **options: Any) -> Any:
        os.close(descriptor)
        return fdopen(os.open("/dev/full", os.O_WRONLY), *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fdopen", on_full_disk)
        open_output(harness)
        text = await banner(harness, "Can’t open")
    path = chat_files.prepare(session_id, "shell", " output.txt")
    reason = f"{path}: cannot write it ({os.strerror(errno.ENOSPC)}); free some space"
    assert text == f"Can’t open the text of shell: {reason}"
    assert list(path.parent.iterdir()) == []
    assert editor == []


async def test_an_export_says_that_parts_of_the_recording_are_missing(harness: WindowHarness, tmp_path: Path) -> None:
    session_id = await harness.add("one", state=State.EXITED, exit_code=0)
    write_journal(paths.session_journal(session_id), [output(0, b"said\r\n"), output(20, b"more\r\n")])
    window = harness.open_window()
    window.commands.chat_actions._export(harness.chat(session_id), tmp_path / "one.txt")
    text = await banner(harness, "Exported one to ")
    assert text.endswith("one.txt, but parts of its recording are missing; the file says where")
    assert (tmp_path / "one.txt").exists()


def test_all_texts_are_removed_and_another_users_directory_is_left_alone(
    area: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = chat_files.prepare("id", "n" * 300, ".txt")
    chat_files.write(path, "said")
    theirs = paths.runtime_dir().with_name("theirs")
    theirs.symlink_to(paths.runtime_dir())
    monkeypatch.setenv("OUTLIVE_RUNTIME_DIR", str(theirs))
    chat_files.remove_all()
    with pytest.raises(OutliveError, match="symbolic link"):
        chat_files.prepare("id", "name", ".txt")
    assert path.exists()
    monkeypatch.setenv("OUTLIVE_RUNTIME_DIR", str(theirs.resolve()))
    theirs.unlink()
    chat_files.remove_all()
    assert not paths.texts_dir().exists()
    chat_files.remove_all()


def record_line(role: str, text: str) -> str:
    return json.dumps({"type": role, "message": {"content": text}}) + "\n"


async def add_claude(harness: WindowHarness, *turns: tuple[str, str], **fields: Any) -> str:
    """A chat with Claude Code; its transcript has these turns."""
    conversation = str(uuid.uuid4())
    path = Path.home() / ".claude" / "projects" / "-project" / f"{conversation}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(record_line("user", prompt) + record_line("assistant", answer) for prompt, answer in turns))
    return await harness.add("fix", agent="claude", argv=["claude"], provider_session_id=conversation, **fields)


async def copied(harness: WindowHarness) -> str:
    """Wait for the window's notice after a copy, dismiss it, and return its text."""
    banners = harness.window.banners
    await harness.until(lambda: banners.current is not None, "the notice")
    assert banners.current is not None
    text = banners.current.text
    banners.dismiss()
    return text


def clipboard() -> str:
    return QGuiApplication.clipboard().text()


async def test_the_last_answer_is_copied_from_a_full_screen_program(harness: WindowHarness) -> None:
    session_id = await add_claude(harness, ("one", "An answer."), ("two", "- a\n- b"))
    window = harness.open_window()
    viewer = harness.show(session_id)
    viewer.feed(b"\x1b[?1049hcells")

    window.actions_["copy_output"].trigger()
    assert await copied(harness) == "Copied the last answer (2 lines)"
    assert clipboard() == "- a\n- b"

    viewer.be(Activity.WORKING)
    window.actions_["copy_output"].trigger()
    assert await copied(harness) == "Copied the answer so far (2 lines); it is still being written"


async def test_the_answer_of_an_ended_chat_and_of_an_unanswered_prompt_is_copied(harness: WindowHarness) -> None:
    session_id = await add_claude(harness, ("one", "An answer."), ("two", ""), state=State.EXITED, exit_code=0)
    window = harness.open_window()
    window.open_chat(harness.chat(session_id))
    window.actions_["copy_output"].trigger()
    assert await copied(harness) == "The last prompt has no answer; copied the one before (1 line)"
    assert clipboard() == "An answer."


async def test_the_answer_at_the_current_prompt_or_under_the_pointer_is_copied(harness: WindowHarness) -> None:
    turns = [(f"question {number}", f"Answer {number}.\n") for number in range(3)]
    session_id = await add_claude(harness, *turns)
    window = harness.open_window()
    emulator = harness.show(session_id).replica.emulator
    assert emulator is not None
    for prompt, _ in turns:
        emulator.feed(f"❯ {prompt}\r\n".encode() + b"row\r\n" * 60)
    view = harness.view
    view.display.on_damage()
    rows = emulator.scrollback_rows
    await harness.until(lambda: view.display.surface.viewport.history_rows == rows, "the rows to be shown")

    window.actions_["previous_prompt"].trigger()
    window.actions_["previous_prompt"].trigger()
    window.actions_["copy_output"].trigger()
    assert await copied(harness) == "Copied the answer to this prompt (1 line)"
    assert clipboard() == "Answer 1."

    view.scroller.scroll_to_start()
    await harness.until(lambda: view.display.surface.viewport.offset == rows, "the beginning to be shown")
    menu = view.context_menu.build(QPointF(view.rect().center()))
    [item] = [action for action in menu.actions() if action.text() == page_texts.COPY_ANSWER()]
    item.trigger()
    menu.close()
    assert await copied(harness) == "Copied the answer to this prompt (1 line)"
    assert clipboard() == "Answer 0."


def answer_items(harness: WindowHarness) -> list[QAction]:
    view = harness.view
    menu = view.context_menu.build(QPointF(view.rect().center()))
    titles = {page_texts.COPY_ANSWER(), page_texts.COPY_LAST_ANSWER()}
    found = [action for action in menu.actions() if action.text() in titles]
    menu.close()
    return found


async def test_one_line_says_that_there_is_nothing_to_copy(harness: WindowHarness) -> None:
    QGuiApplication.clipboard().setText("mine")
    unknown = await harness.add("unknown", agent="codex", argv=["codex"])
    fresh = await add_claude(harness)
    shell = await harness.add("shell", agent="shell", argv=["sh"])
    window = harness.open_window()
    for session_id, line in (
        (unknown, "Codex has not reported its conversation yet; try again after its next answer"),
        (fresh, "Claude Code has not answered yet; "),
    ):
        harness.show(session_id)
        assert len(answer_items(harness)) == 1
        window.actions_["copy_output"].trigger()
        assert (await copied(harness)).startswith(line)
    parrot = await harness.add("own", agent="parrot", argv=["parrot"])
    harness.show(parrot)
    assert answer_items(harness) == []
    window.actions_["copy_output"].trigger()
    assert (await copied(harness)).startswith("Outlive knows no record of parrot’s answers")
    harness.show(shell)
    assert answer_items(harness) == []
    window.actions_["copy_output"].trigger()
    assert harness.view.prompts.label.text == page_texts.NO_OUTPUT()
    assert clipboard() == "mine"


async def test_a_record_that_cannot_be_read_in_time_is_reported(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()

    def find_answer(*_: object, **__: object) -> FoundAnswer:
        over.wait()
        return FoundAnswer("late", "last")

    monkeypatch.setattr("session_host.client.chats.agent_record.find_answer", find_answer)
    monkeypatch.setattr(page_wiring, "READ_TIMEOUT_S", 0.01)
    session_id = await add_claude(harness, ("one", "An answer."))
    window = harness.open_window()
    harness.show(session_id)
    QGuiApplication.clipboard().setText("mine")
    try:
        window.actions_["copy_output"].trigger()
        assert await copied(harness) == page_texts.RECORD_IS_SLOW(agent="Claude Code")
    finally:
        over.set()
    assert clipboard() == "mine"
