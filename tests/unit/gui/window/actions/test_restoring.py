"""Restoring the files from before a prompt: the list, the question, undo, and the line about a failure."""

from __future__ import annotations

import json
from pathlib import Path

from PySide6.QtWidgets import QMenu

from gui.bridge.restore_points import SincePrompt
from gui.window.page.structured_page import StructuredPage
from gui.window.page.terminal_page import TerminalPage
from session_host.client.chats.restore_list import matched
from session_host.protocol.values import Activity
from session_host.restore_points.points import About, RestorePoint, take
from session_host.structured.items import Item, Put
from session_host.structured.transcript import Transcript
from session_host.system.clock import as_text
from tests.support.repositories import Checkout
from tests.unit.gui.conftest import WindowHarness

PROMPT = About(kind="prompt")


def rows(harness: WindowHarness) -> list[str]:
    items = harness.window.sheets.chooser.items
    return [items.item(row).text() for row in range(items.rowCount())]


def details(harness: WindowHarness) -> list[str]:
    return [found.choice.detail for found in harness.window.sheets.chooser._choices.find("")]


def choose(harness: WindowHarness, row: int) -> None:
    chooser = harness.window.sheets.chooser
    chooser.list.clicked.emit(chooser.items.index(row, 0))


def banner(harness: WindowHarness) -> str:
    current = harness.window.banners.current
    return current.text if current is not None else ""


async def in_terminal(
    harness: WindowHarness, checkout: Checkout, prompts: int = 1
) -> tuple[TerminalPage, list[RestorePoint]]:
    """Open the page of a chat with an agent that changed "file" after each prompt."""
    session = await harness.add("x", agent="claude", cwd=str(checkout.path / "src"))
    points = []
    for number in range(prompts):
        points.append(take(checkout.path, session, PROMPT))
        checkout.write("file", f"changed {number}\n")
    window = harness.open_window()
    window.open_chat(harness.chat(session))
    return harness.page, points


async def test_the_user_chooses_a_prompt_sees_the_files_restores_them_and_undoes_it(
    harness: WindowHarness, tmp_path: Path
) -> None:
    checkout = Checkout.new(tmp_path / "api")
    page, _ = await in_terminal(harness, checkout, prompts=2)
    hostile = "new\nline\u202e"
    checkout.write(hostile, "text")
    window = harness.window
    harness.show(page.chat.id)
    window.actions_["restore_files"].trigger()
    await harness.until(lambda: window.sheets.chooser.is_open, "the list")
    assert [row.partition(" at ")[0] for row in rows(harness)] == ["The prompt", "The prompt"]
    assert [text.rpartition(" · ")[2] for text in details(harness)] == ["2 files changed"] * 2
    choose(harness, 1)
    await harness.until(lambda: page.is_question_open, "the question")
    question = page.question
    assert question.title.text().startswith("Restore 2 files to before the prompt at ")
    assert question.subject.toPlainText().splitlines() == ["change  file", "delete  new line "]
    question.yes.click()
    await harness.until(lambda: banner(harness) == "2 files restored.", "the files to be restored")
    assert (checkout.path / "file").read_text() == "file\n"
    assert not (checkout.path / hostile).exists()
    window.banners.run_action()
    await harness.until(lambda: banner(harness) == "The restore is undone: 2 files.", "the restore to be undone")
    assert (checkout.path / "file").read_text() == "changed 1\n"
    assert (checkout.path / hostile).read_text() == "text"
    window.actions_["restore_files"].trigger()
    await harness.until(lambda: window.sheets.chooser.is_open, "the list without the restore that was undone")
    assert [row.partition(" at ")[0] for row in rows(harness)] == ["The restore", "The prompt", "The prompt"]


async def test_other_changes_before_the_answer_are_asked_about_again_and_before_an_undo(
    harness: WindowHarness, tmp_path: Path
) -> None:
    checkout = Checkout.new(tmp_path / "api")
    page, _ = await in_terminal(harness, checkout)
    window = harness.window
    harness.viewers[page.chat.id].be(Activity.WORKING)
    window.actions_["restore_files"].trigger()
    await harness.until(lambda: window.sheets.chooser.is_open, "the list")
    choose(harness, 0)
    await harness.until(lambda: page.is_question_open, "the question")
    assert "is working and may change files" in page.question.detail.text()
    checkout.write("other")
    page.question.yes.click()
    await harness.until(lambda: "in the meantime" in page.question.detail.text(), "the second question")
    assert (checkout.path / "other").exists()
    page.question.yes.click()
    await harness.until(lambda: banner(harness) == "2 files restored.", "the files to be restored")
    checkout.write("third")
    window.banners.run_action()
    await harness.until(lambda: page.is_question_open, "the question before the undo")
    assert "delete  third" in page.question.subject.toPlainText()
    assert " to delete" not in page.question.detail.text()
    page.question.dismiss()
    for number in range(20):
        checkout.write(f"new/{number}")
    window.actions_["restore_files"].trigger()
    await harness.until(lambda: window.sheets.chooser.is_open, "the list")
    choose(harness, 1)
    await harness.until(lambda: page.is_question_open, "the question about many files")
    assert page.question.detail.text().startswith("21 to delete. This also")


async def test_in_a_chat_view_a_prompt_has_both_actions(harness: WindowHarness, tmp_path: Path) -> None:
    checkout = Checkout.new(tmp_path / "api")
    session = await harness.add("x", agent="codex", runtime="structured", argv=["codex"], cwd=str(checkout.path))
    point = take(checkout.path, session, About(kind="prompt", item="one"))
    checkout.write("file", "changed")
    window = harness.open_window()
    shown_changes: list[tuple[str, SincePrompt]] = []
    window.changes_requested.connect(lambda _chat, directory, since: shown_changes.append((directory, since)))
    page = window.open_chat(harness.chat(session))
    assert isinstance(page, StructuredPage)
    transcript = Transcript()
    for item in (Item("one", "user", 0, "Fix it\nplease", "done"), Item("two", "user", 0, "And this", "done")):
        transcript.apply(Put(item))
    page.view.set_transcript(transcript)

    def choose(item: str, name: str) -> None:
        menu = QMenu()
        page.view._add_to_menu(menu, item)
        next(action for action in menu.actions() if action.text().startswith(name)).trigger()

    choose("one", "Show changes since")
    await harness.until(lambda: shown_changes, "the changes")
    assert shown_changes == [(str(checkout.path), SincePrompt(point, "“Fix it please”"))]
    choose("one", "Restore files")
    await harness.until(lambda: page.is_question_open, "the question")
    assert page.question.title.text() == "Restore 1 file to before “Fix it please”?"
    page.question.dismiss()
    choose("two", "Restore files")
    await harness.until(lambda: banner(harness) == "The files were not saved before this prompt.", "the line")


async def test_prompts_with_the_same_beginning_differ_in_the_list(harness: WindowHarness, tmp_path: Path) -> None:
    checkout = Checkout.new(tmp_path / "api")
    session = await harness.add("x", agent="codex", runtime="structured", argv=["codex"], cwd=str(checkout.path))
    transcript, same = Transcript(), "Look at the parser and its tests, and then change the "
    for part in ("lexer", "printer"):
        take(checkout.path, session, About(kind="prompt", item=part))
        checkout.write("file", f"changed {part}")
        transcript.apply(Put(Item(part, "user", 0, same + part, "done")))
    window = harness.open_window()
    page = window.open_chat(harness.chat(session))
    assert isinstance(page, StructuredPage)
    page.view.set_transcript(transcript)
    window.actions_["restore_files"].trigger()
    await harness.until(lambda: window.sheets.chooser.is_open, "the list")
    assert rows(harness) == [f"“{same}printer”", f"“{same}lexer”"]
    window.sheets.chooser.field.setText("lexer")
    choose(harness, 0)
    await harness.until(lambda: page.is_question_open, "the question")
    assert page.question.title.text() == "Restore 1 file to before “Look at the parser and its tests, and t…”?"


async def test_after_a_fork_before_a_prompt_files_that_changed_since_can_be_restored(
    harness: WindowHarness, tmp_path: Path
) -> None:
    checkout = Checkout.new(tmp_path / "api")
    fields = {"agent": "codex", "runtime": "structured", "argv": ["codex"], "cwd": str(checkout.path)}
    origin, fork = await harness.add("x", **fields), await harness.add("x (fork)", **fields)
    take(checkout.path, origin, About(kind="prompt", item="one"))
    checkout.write("file", "changed")
    window = harness.open_window()
    page = window.open_chat(harness.chat(fork))
    forked = window.chat_actions.forking.forked_before
    prompt = Item("one", "user", 0, "Fix it\nplease", "done")
    forked.emit(harness.chat(origin), harness.chat(fork), prompt)
    await harness.until(lambda: "Since it was first sent, 1 file changed." in banner(harness), "the offer")
    window.banners.run_action()
    await harness.until(lambda: page.is_question_open, "the question")
    assert page.question.title.text() == "Restore 1 file to before “Fix it please”?"
    page.question.yes.click()
    await harness.until(lambda: banner(harness) == "1 file restored.", "the file to be restored")
    for item in (prompt, Item("unknown", "user", 0, "Other", "done")):
        forked.emit(harness.chat(origin), harness.chat(fork), item)
        await harness.until(lambda: window.banners.below is not None, "the line without an offer, below Undo")
        assert window.banners.below is not None
        assert window.banners.below.text.startswith("This chat has the conversation")
        window.banners.withdraw(window.banners.below.key)


async def test_a_prompt_after_which_no_file_changed_is_not_offered(harness: WindowHarness, tmp_path: Path) -> None:
    checkout = Checkout.new(tmp_path / "api")
    page, points = await in_terminal(harness, checkout)
    take(checkout.path, page.chat.id, PROMPT)
    window = harness.window

    async def listed(action: str) -> list[str]:
        window.actions_[action].trigger()
        await harness.until(lambda: window.sheets.chooser.is_open, "the list")
        window.sheets.chooser.dismiss()
        return [text.rpartition(" · ")[2] for text in details(harness)]

    assert await listed("changes_since") == ["no file changed", "1 file changed"]
    assert await listed("restore_files") == ["1 file changed"]
    checkout.git("update-ref", "-d", points[0].reference)
    window.actions_["restore_files"].trigger()
    await harness.until(lambda: "there is nothing to restore" in banner(harness), "the line")


async def test_without_a_repository_or_a_restore_point_a_line_says_so(harness: WindowHarness, tmp_path: Path) -> None:
    checkout = Checkout.new(tmp_path / "api")
    plain = await harness.add("plain", agent="claude", cwd=str(tmp_path))
    empty = await harness.add("empty", agent="claude", cwd=str(checkout.path))
    shell = await harness.add("shell", agent="shell", cwd=str(checkout.path))
    window = harness.open_window()
    window.open_chat(harness.chat(plain))
    window.actions_["restore_files"].trigger()
    await harness.until(lambda: "is not in a git repository" in banner(harness), "the reason")
    window.open_chat(harness.chat(empty))
    window.actions_["changes_since"].trigger()
    await harness.until(lambda: banner(harness).startswith("No files were saved yet."), "the line")
    window.open_chat(harness.chat(shell))
    assert not window.actions_["restore_files"].isEnabled()


async def test_a_file_that_cannot_be_restored_is_named_and_the_restore_can_be_undone(
    harness: WindowHarness, tmp_path: Path
) -> None:
    checkout = Checkout.new(tmp_path / "api")
    checkout.commit(".gitignore", "*.log\n")
    page, _ = await in_terminal(harness, checkout)
    (checkout.path / "src/deep/file").unlink()
    (checkout.path / "src/deep/file").mkdir()
    checkout.write("src/deep/file/precious.log")
    harness.window.actions_["restore_files"].trigger()
    await harness.until(lambda: harness.window.sheets.chooser.is_open, "the list")
    choose(harness, 0)
    await harness.until(lambda: page.is_question_open, "the question")
    page.question.yes.click()
    expected = "1 of 2 files were not restored: src/deep/file."
    await harness.until(lambda: banner(harness) == expected, "the line")
    assert (checkout.path / "file").read_text() == "file\n"
    assert harness.window.banners.current is not None
    assert harness.window.banners.current.action == "Undo restore"


async def test_prompts_in_a_terminal_have_the_texts_of_the_agents_record(
    harness: WindowHarness, tmp_path: Path
) -> None:
    checkout = Checkout.new(tmp_path / "api")
    conversation = "0b9c4c50-6b5e-4f6e-9a57-3a6a4d1c1f00"
    session = await harness.add(
        "x", agent="claude", cwd=str(checkout.path), provider_session_id=conversation,
        located_by={"HOME": str(tmp_path), "CLAUDE_CONFIG_DIR": str(tmp_path / "claude")},
    )  # fmt: skip
    point = take(checkout.path, session, PROMPT)
    checkout.write("file", "changed")
    path = checkout.write(f"../claude/projects/-x/{conversation}.jsonl", "\n")

    def record_line(at_ms: int, text: str) -> str:
        line = {"type": "user", "timestamp": as_text(at_ms / 1000), "message": {"content": text}}
        return f"{json.dumps(line)}\n"

    path.write_text(record_line(point.at_ms - 60_000, "long ago") + record_line(point.at_ms - 300, "Fix\x1b[31m it"))
    window = harness.open_window()
    window.open_chat(harness.chat(session))
    window.actions_["restore_files"].trigger()
    await harness.until(lambda: window.sheets.chooser.is_open, "the list")
    assert rows(harness) == ["“Fix [31m it”"]


def test_a_prompt_belongs_to_the_restore_point_made_soon_after_it() -> None:
    points = [100_000, 130_000, 131_000, 160_000]
    prompts = [(200_000, "no point"), (130_900, "third"), (129_500, "second"), (99_000, "first"), (50_000, "before")]
    assert matched(points, prompts) == {100_000: "first", 130_000: "second", 131_000: "third"}
