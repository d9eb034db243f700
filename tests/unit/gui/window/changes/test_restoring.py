"""Restoring the files from before a prompt: the list of prompts, the question, undo, and the line about a failure."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt

from gui.window.sheets.chooser import Chooser
from gui.window.sheets.question import QuestionSheet
from session_host.protocol.values import Activity
from session_host.restore_points.points import About, take
from session_host.structured.items import Item, Put
from session_host.structured.transcript import Transcript
from session_host.system.clock import as_text
from tests.support.facts import changed
from tests.support.repositories import Checkout
from tests.unit.gui.conftest import WAIT_S
from tests.unit.gui.window.changes.conftest import OpenChanges, Opened, press_button

PROMPT = About(kind="prompt")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout.new(tmp_path / "api")


def prompted(checkout: Checkout, prompts: int = 1) -> dict[str, Any]:
    """The record of a chat with an agent in a terminal that changed "file" after each prompt."""
    session = str(uuid.uuid4())
    for number in range(prompts):
        take(checkout.path, session, PROMPT)
        checkout.write("file", f"changed {number}\n")
    return {"id": session, "agent": "claude"}


async def list_prompts(opened: Opened) -> Chooser:
    """Open the list of all that the files can be compared with, and wait until all is known."""
    opened.window.since.button.click()
    chooser = opened.window.chooser
    assert chooser.is_open
    await opened.harness.until(lambda: any("changed" in each for each in details(chooser)), "the prompts")
    return chooser


def rows(chooser: Chooser) -> list[str]:
    """The rows of the list, without times."""
    texts = (chooser.items.item(row).text() for row in range(chooser.items.rowCount()))
    return [re.sub(r" at \d.*", "", text) for text in texts]


def details(chooser: Chooser) -> list[str]:
    """The numbers of changed files in the list."""
    return [found.choice.detail.rpartition(" · ")[0] for found in chooser._choices.find("")]


async def choose(opened: Opened, row: int) -> None:
    """Choose a row of the list, and wait for the changes."""
    chooser = await list_prompts(opened)
    chooser.list.clicked.emit(chooser.items.index(row, 0))
    await opened.harness.until(lambda: not opened.window.reader.is_reading, "the changes")


async def question_after(opened: Opened, text: str = "Restore ") -> QuestionSheet:
    """The question, when its title or its detail has this text."""
    question = opened.window.question

    def is_asked() -> bool:
        return question.is_open and text in question.title.text() + question.detail.text()

    await opened.harness.until(is_asked, f"the question with {text!r}")
    return question


async def until_said(opened: Opened, text: str) -> None:
    await opened.harness.until(lambda: opened.window.review.bar.notice.text() == text, f"the line {text!r}")


async def until_written(opened: Opened, text: str) -> None:
    """Wait until "file" has this text; git removes a file before it writes it again."""

    def is_written() -> bool:
        try:
            return (opened.checkout.path / "file").read_text() == text
        except FileNotFoundError:
            return False

    await opened.harness.until(is_written, f"the file to be {text!r}")


async def test_the_user_chooses_a_prompt_sees_the_files_restores_them_and_undoes_it(
    open_changes: OpenChanges, checkout: Checkout
) -> None:
    opened = await open_changes(checkout, **prompted(checkout, 2))
    hostile = "new\nline\u202e"
    checkout.write(hostile, "text")
    window = opened.window
    assert window.since.button.text() == "Since the last commit"
    assert not window.restore.isVisible()
    chooser = await list_prompts(opened)
    assert rows(chooser) == ["The last commit", "The prompt", "The prompt"]
    assert details(chooser) == ["", "2 files changed", "2 files changed"]
    chooser.list.clicked.emit(chooser.items.index(2, 0))
    await opened.harness.until(window.restore.isVisible, "the button")
    assert window.since.button.text().startswith("Since the prompt at ")
    assert "-file" in opened.shown
    press_button(opened, "Restore…")
    question = await question_after(opened)
    assert question.title.text().startswith("Restore 2 files to before the prompt at ")
    assert question.subject.toPlainText().splitlines() == ["change  file", "delete  new line "]
    assert question.no.hasFocus(), "Enter restores nothing"
    question.yes.click()
    await until_said(opened, "2 files restored.")
    assert (checkout.path / "file").read_text() == "file\n"
    assert not (checkout.path / hostile).exists()
    await opened.harness.until(
        lambda: opened.message == "No file differs from how it was before the prompt.", "the changes to be read again"
    )
    assert not window.restore.isVisible()
    press_button(opened, "Undo restore")
    await until_said(opened, "The restore is undone: 2 files.")
    assert (checkout.path / "file").read_text() == "changed 1\n"
    assert (checkout.path / hostile).read_text() == "text"
    assert rows(await list_prompts(opened)) == ["The last commit", "The undo", "The prompt", "The prompt"]


async def test_other_changes_before_the_answer_are_asked_about_again_and_before_an_undo(
    open_changes: OpenChanges, checkout: Checkout
) -> None:
    opened = await open_changes(checkout, **prompted(checkout))
    chat = opened.harness.chat(opened.session_id)
    chat.record = changed(chat.record, activity=Activity.WORKING)
    await choose(opened, 1)
    press_button(opened, "Restore…")
    question = await question_after(opened, "is working and may change files")
    checkout.write("other")
    question.yes.click()
    await question_after(opened, "in the meantime")
    assert (checkout.path / "other").exists()
    question.yes.click()
    await until_said(opened, "2 files restored.")
    checkout.write("third")
    checkout.write("file", "mine")
    press_button(opened, "Undo restore")
    await question_after(opened, "Changed since the restore: the first 2 files of the list.")
    assert question.subject.toPlainText().splitlines() == ["change  file", "delete  third", "create  other"]
    assert " to delete" not in question.detail.text()
    question.dismiss()
    press_button(opened, "Undo restore")
    (await question_after(opened, "Changed since")).yes.click()
    await until_said(opened, "The restore is undone: 3 files.")
    assert (checkout.path / "file").read_text() == "changed 0\n"
    [undo] = opened.window.review.bar.offers
    undo.setFocus(Qt.FocusReason.TabFocusReason)
    opened.press(Qt.Key.Key_Space)
    await until_said(opened, "The undo is undone: 3 files.")
    [undo] = opened.window.review.bar.offers
    assert undo.hasFocus(), "the next press of the key undoes that"
    assert (checkout.path / "file").read_text() == "mine"
    assert (checkout.path / "third").exists()
    for number in range(20):
        checkout.write(f"new/{number}")
    opened.window.reader.refresh()
    await opened.harness.until(lambda: len(opened.listed) == 22, "the new files")
    press_button(opened, "Restore…")
    question = await question_after(opened, "21 to delete. This also")


async def test_prompts_of_a_chat_view_are_named_by_their_texts_also_if_they_begin_alike(
    open_changes: OpenChanges, checkout: Checkout
) -> None:
    session, same = str(uuid.uuid4()), "Look at the parser and its tests, and then change the "
    transcript = Transcript()
    for part in ("lexer", "printer"):
        take(checkout.path, session, About(kind="prompt", item=part))
        checkout.write("file", f"changed {part}")
        transcript.apply(Put(Item(part, "user", 0, same + part, "done")))
    opened = await open_changes(checkout, id=session, agent="codex", runtime="structured", argv=["codex"])
    opened.harness.sessions.follow_all()
    opened.harness.viewers[session].replica.transcript = transcript
    chooser = await list_prompts(opened)
    assert rows(chooser) == ["The last commit", f"“{same}printer”", f"“{same}lexer”"]
    chooser.field.setText("lexer")
    chooser.list.clicked.emit(chooser.items.index(0, 0))
    await opened.harness.until(opened.window.restore.isVisible, "the button")
    assert opened.window.since.button.accessibleName() == "Since “Look at the parser and its tests, and t…”"
    press_button(opened, "Restore…")
    question = await question_after(opened)
    assert question.title.text() == "Restore 1 file to before “Look at the parser and its tests, and t…”?"


async def test_since_a_prompt_after_which_no_file_changed_there_is_nothing_to_restore(
    open_changes: OpenChanges, checkout: Checkout
) -> None:
    fields = prompted(checkout)
    take(checkout.path, fields["id"], PROMPT)
    opened = await open_changes(checkout, **fields)
    assert details(await list_prompts(opened)) == ["", "no file changed", "1 file changed"]
    await choose(opened, 1)
    nothing = "No file differs from how it was before the prompt."
    await opened.harness.until(lambda: opened.message == nothing, "the line")
    assert not opened.window.restore.isVisible()


async def test_without_a_restore_point_a_line_says_when_files_are_saved(
    open_changes: OpenChanges, checkout: Checkout
) -> None:
    opened = await open_changes(checkout, agent="claude")
    opened.window.since.button.click()
    notice = opened.window.review.bar.notice
    await opened.harness.until(lambda: notice.text().startswith("No files were saved yet."), "the line")
    assert not opened.window.chooser.is_open


async def test_without_a_repository_nothing_is_offered_but_restore_points_of_the_chats_own_directory(
    open_changes: OpenChanges, checkout: Checkout, tmp_path: Path
) -> None:
    (plain := tmp_path / "plain").mkdir()
    opened = await open_changes(checkout, **prompted(checkout))
    window = opened.opener.open(opened.harness.chat(opened.session_id), str(plain))
    await opened.harness.until(lambda: "is not in a git repository" in opened.message, "the reason")
    await choose(opened, 1)
    await opened.harness.until(window.restore.isVisible, "the button")
    assert "-file" in opened.shown
    other = await open_changes(checkout, agent="claude", cwd=str(plain))
    window = other.opener.open(other.harness.chat(other.session_id), str(plain))
    await other.harness.until(lambda: "is not in a git repository" in other.message, "the reason")
    assert not window.since.button.isVisible()


async def test_a_file_that_cannot_be_restored_is_named_and_the_restore_can_be_undone(
    open_changes: OpenChanges, checkout: Checkout
) -> None:
    checkout.commit(".gitignore", "*.log\n")
    opened = await open_changes(checkout, **prompted(checkout))
    (checkout.path / "src/deep/file").unlink()
    (checkout.path / "src/deep/file").mkdir()
    checkout.write("src/deep/file/precious.log")
    await choose(opened, 1)
    press_button(opened, "Restore…")
    (await question_after(opened)).yes.click()
    why = "src/deep/file: a directory is in its place"
    await until_said(opened, f"1 of 2 files were not restored: src/deep/file. The reason: {why}.")
    assert (checkout.path / "file").read_text() == "file\n"
    press_button(opened, "Undo restore")
    await until_written(opened, "changed 0\n")


async def test_a_restore_is_finished_although_the_window_is_closed(
    open_changes: OpenChanges, checkout: Checkout, caplog: pytest.LogCaptureFixture
) -> None:
    opened = await open_changes(checkout, **prompted(checkout))
    await choose(opened, 1)
    press_button(opened, "Restore…")
    (await question_after(opened)).yes.click()
    opened.window.close()
    await until_written(opened, "file\n")
    await opened.harness.sessions.tasks.wait_for_others(WAIT_S)
    opened.harness.settle()
    assert caplog.records == []


async def test_prompts_in_a_terminal_have_the_texts_of_the_agents_record(
    open_changes: OpenChanges, checkout: Checkout, tmp_path: Path
) -> None:
    conversation, session = "0b9c4c50-6b5e-4f6e-9a57-3a6a4d1c1f00", str(uuid.uuid4())
    point = take(checkout.path, session, PROMPT)
    checkout.write("file", "changed")
    path = checkout.write(f"../claude/projects/-x/{conversation}.jsonl", "\n")

    def record_line(at_ms: int, text: str) -> str:
        line = {"type": "user", "timestamp": as_text(at_ms / 1000), "message": {"content": text}}
        return f"{json.dumps(line)}\n"

    path.write_text(record_line(point.at_ms - 60_000, "long ago") + record_line(point.at_ms - 300, "Fix\x1b[31m it"))
    opened = await open_changes(
        checkout,
        id=session,
        agent="claude",
        provider_session_id=conversation,
        located_by={"HOME": str(tmp_path), "CLAUDE_CONFIG_DIR": str(tmp_path / "claude")},
    )
    assert rows(await list_prompts(opened)) == ["The last commit", "“Fix [31m it”"]


async def test_files_that_stay_are_named_before_and_after(open_changes: OpenChanges, checkout: Checkout) -> None:
    opened = await open_changes(checkout, **prompted(checkout))
    checkout.git("update-index", "--skip-worktree", "src/deep/file")
    checkout.write("src/deep/file", "secret")
    await choose(opened, 1)
    await opened.harness.until(opened.window.restore.isVisible, "the button")
    press_button(opened, "Restore…")
    question = await question_after(opened)
    stays = "1 file stays as it is, not saved (too large, unreadable, hidden from git, or not as git would write it)"
    assert f"{stays}: src/deep/file." in question.detail.text()
    question.yes.click()
    await until_said(opened, f"1 file restored. {stays}: src/deep/file.")
    assert (checkout.path / "src/deep/file").read_text() == "secret"
