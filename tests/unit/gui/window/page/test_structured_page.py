"""The page of a structured chat: unsent prompts stay until they are sent; files it offers; refused answers."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QBuffer, QIODevice, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest

from gui.bridge import unsent
from gui.chat.page.requests.card import RequestCard
from gui.input.draft import NO_DRAFT, Draft
from gui.settings.layout import SavedPane, WindowLayout
from gui.window.page.structured_content import StructuredContent
from gui.wording import chat_texts
from session_host.client.viewer.viewer import ViewerState
from session_host.errors import NotResumable
from session_host.protocol.facts import ChatFacts
from session_host.protocol.messages import AnswerRequest, Prompt, SendNow
from session_host.protocol.values import Image, State
from session_host.structured.items import AgentRequest, digest
from tests.support.area import Area
from tests.support.repositories import Checkout
from tests.support.scripted_chat import ScriptedChat, command_request, long_chat
from tests.unit.gui.conftest import FakeViewer, WindowHarness, insert_record

ENDED: dict[str, Any] = {
    "state": State.EXITED,
    "exit_code": 0,
    "ended_at": "2026-01-02T03:05:00Z",
    "provider_session_id": "abc",
}


def picture(width_px: int = 8) -> Image:
    """A small image."""
    image = QImage(width_px, 8, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]  # the type hints name bytes
    return Image("image/png", bytes(buffer.data().data()))


async def open_ended(harness: WindowHarness) -> str:
    """Open an ended chat, which has no viewer; returns its id."""
    session_id = await harness.add("one", runtime="structured", **ENDED)
    harness.open_window().open_chat(harness.chat(session_id))
    harness.settle()
    return session_id


def write(page: StructuredContent, text: str) -> None:
    QTest.keyClicks(page.view.prompt.editor, text)


def shown(page: StructuredContent) -> str:
    return page.view.prompt.editor.toPlainText()


@pytest.fixture
def resumes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The prompts that chats were resumed with; the prompt "refuse" is refused."""
    prompts: list[str] = []

    async def resume(session_id: str, *, prompt: str, **_wishes: Any) -> ChatFacts:
        prompts.append(prompt)
        if prompt == "refuse":
            raise NotResumable("no conversation")
        return insert_record("one", runtime="structured", resumed_from=session_id)

    monkeypatch.setattr("session_host.client.chats.resume.resume", resume)
    return prompts


async def test_a_draft_and_its_images_are_restored_when_the_tab_is_opened_again(harness: WindowHarness):
    session_id = (await harness.open_chat_view()).session_id
    write(harness.content, "half a th")
    harness.content.view.prompt.attachments.set_images([picture()])
    harness.window.tabs.close(session_id)
    harness.settle()
    assert harness.window.tabs.active_page is None
    harness.window.open_chat(harness.chat(session_id))
    page = harness.content
    assert page.view.prompt.draft == Draft("half a th", (picture(),))
    write(page, "ought")
    assert shown(page) == "half a thought", "the cursor is behind it"
    QTest.keyClick(page.view.prompt.editor, Qt.Key.Key_Return)
    assert harness.sessions.drafts.of(session_id) == NO_DRAFT, "sent"


def on_page(page: StructuredContent) -> tuple[int, list[tuple[str, int]]]:
    """The y coordinate of the first segment on the page, and the segments on it by their items' ids and numbers."""
    view = page.view.page
    return round(view.visible[0].top), [(view.rows.key(placed.position), placed.number) for placed in view.visible]


def scroll_and_unfold(harness: WindowHarness) -> SavedPane:
    """Scroll back in the chat view, and unfold a tool there; returns the pane as it would be saved."""
    view = harness.content.view.page
    view.scroller.scroll_to("i53", 0, always=True)
    view.run_action(("i53", 0, 0))
    return harness.window.tabs.panes.active.tabs.saved()


async def test_after_a_kill_the_window_shows_the_same_place_and_opened_tools_of_a_chat_that_has_grown(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("gui.window.saving.MARKS_DELAY_MS", 1)
    viewer = await harness.open_chat_view(long_chat(100).transcript)
    view = harness.content.view.page
    view.scroller.scroll_to("i53", 0, always=True)
    await harness.until(lambda: harness.saved_pane["places"], "the scroll position to be saved")
    folded = harness.saved_pane
    view.run_action(("i53", 0, 0))
    await harness.until(lambda: harness.saved_pane != folded, "the unfolded tool to be saved")
    saved, before = WindowLayout.from_dict(harness.layouts[-1]).windows[0].panes[0], on_page(harness.content)
    assert {("i53", 0), ("i53", 1)} <= set(before[1])
    assert ("i54", 0) not in before[1], "the tool's output has the rest of the page"
    harness.window.tabs.close(viewer.session_id)
    viewer.replica.transcript = None
    tabs = harness.window.tabs.panes.active.tabs
    tabs.restore_tabs(saved)
    harness.settle()
    assert tabs.saved() == saved, "it stays saved until the transcript is there"
    viewer.show_transcript(long_chat(130).transcript)
    harness.settle()
    assert on_page(harness.content) == before
    assert tabs.saved() == saved


async def test_a_chat_view_that_is_read_from_there_is_not_scrolled_back_by_a_late_transcript(harness: WindowHarness):
    viewer = await harness.open_chat_view(long_chat(100).transcript)
    saved = scroll_and_unfold(harness)
    harness.window.tabs.close(viewer.session_id)
    viewer.replica.transcript = None
    harness.window.tabs.panes.active.tabs.restore_tabs(saved)
    harness.content.view.scroller.scroll_to_end()
    viewer.show_transcript(long_chat(100).transcript)
    harness.settle()
    assert harness.content.view.page.scroller.is_following_end
    assert harness.content.view.page.rows.mode("i53").unfolded


async def test_a_second_page_of_a_chat_view_begins_at_the_place_of_the_first(harness: WindowHarness):
    chat = long_chat(100)
    await harness.open_chat_view(chat.transcript)
    scroll_and_unfold(harness)
    first = harness.content
    harness.window.tabs.panes.mirror("right")
    harness.further[0].show_transcript(long_chat(100).transcript)
    harness.settle()
    assert harness.content is not first
    assert harness.content.place == first.place


async def test_messages_below_a_place_do_not_change_it_and_save_nothing(harness: WindowHarness):
    chat = long_chat(100)
    await harness.open_chat_view(chat.transcript)
    scroll_and_unfold(harness)
    content, place, told = harness.content, harness.content.place, list[bool]()
    content.place_changed.connect(lambda: told.append(True))
    for _ in range(3):
        chat.put("agent", "more", status="done")
        content.view.page.scroller.show_frame()
    assert (content.place, told) == (place, [])
    content.view.scroller.scroll_lines(-1)
    assert told == [True]


async def test_a_queued_prompt_is_sent_now_by_the_chat_s_viewer(harness: WindowHarness):
    session_id = (await harness.open_chat_view()).session_id
    harness.content.send(SendNow("i1"))
    assert harness.viewers[session_id].sent == [SendNow("i1")]


async def test_all_pages_of_a_chat_show_one_draft(harness: WindowHarness):
    await harness.open_chat_view()
    first = harness.content
    write(first, "one")
    harness.window.tabs.panes.mirror("right")
    second = harness.content
    assert second is not first
    assert shown(second) == "one"
    write(second, " two")
    first.view.prompt.attachments.set_images([picture()])
    assert [shown(page) for page in (first, second)] == ["one two"] * 2
    assert second.view.prompt.attachments.images == (picture(),)
    second.view.prompt.submit("queue")
    assert [shown(page) for page in (first, second)] == [""] * 2
    assert first.view.prompt.attachments.images == ()


async def test_a_draft_that_came_back_by_undo_is_sent_once(harness: WindowHarness):
    await harness.open_chat_view()
    editor = harness.content.view.prompt.editor
    harness.content.view.prompt.history.set([Draft("first"), Draft("second")])
    write(harness.content, "draft")
    QTest.keyClick(editor, Qt.Key.Key_Up)
    QTest.keyClick(editor, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert editor.toPlainText() == "draft"
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert editor.toPlainText() == ""


async def test_up_goes_on_in_an_empty_box_and_begins_again_once_the_box_is_emptied(harness: WindowHarness):
    await harness.open_chat_view()
    editor = harness.content.view.prompt.editor
    harness.content.view.prompt.history.set([Draft("first"), Draft("second")])
    for expected in ("second", "first"):
        QTest.keyClick(editor, Qt.Key.Key_Up)
        assert editor.toPlainText() == expected
    QTest.keyClick(editor, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(editor, Qt.Key.Key_Backspace)
    QTest.keyClick(editor, Qt.Key.Key_Up)
    assert editor.toPlainText() == "second"


async def test_an_earlier_prompt_comes_back_with_its_images_and_not_with_those_of_the_draft(harness: WindowHarness):
    session_id = (await harness.open_chat_view()).session_id
    prompt = harness.content.view.prompt
    earlier, draft = Draft("what is this?", (picture(),)), Draft("draft", (picture(), picture()))
    prompt.history.set([Draft("older"), earlier])
    prompt.put(draft)
    QTest.keyClick(prompt.editor, Qt.Key.Key_Up)
    assert prompt.shown == earlier
    QTest.keyClick(prompt.editor, Qt.Key.Key_Up)
    assert prompt.shown == Draft("older")
    assert harness.sessions.drafts.of(session_id) == draft
    QTest.keyClick(prompt.editor, Qt.Key.Key_Down)
    QTest.keyClick(prompt.editor, Qt.Key.Key_Down)
    assert prompt.shown == draft
    QTest.keyClick(prompt.editor, Qt.Key.Key_Up)
    QTest.keyClick(prompt.editor, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert prompt.shown == draft, "an undo brings the draft's images back, too"
    QTest.keyClick(prompt.editor, Qt.Key.Key_Up)
    QTest.keyClick(prompt.editor, Qt.Key.Key_Return)
    assert harness.viewers[session_id].sent == [Prompt("what is this?", images=(picture(),))]
    assert prompt.shown == draft, "the other prompt was sent"


async def test_a_prompt_with_images_resumes_a_chat_and_is_sent_complete(harness: WindowHarness, resumes: list[str]):
    session_id = await open_ended(harness)
    page = harness.content
    await harness.until(lambda: page.view.prompt._resumes, "the prompt to resume the chat")
    write(page, "look at this")
    page.view.prompt.attachments.set_images([picture()])
    page.view.prompt.submit("queue")
    assert harness.sessions.drafts.texts() == {session_id: "look at this"}, "a window that is killed now keeps it"
    await harness.until(lambda: session_id not in harness.window.tabs.ids(), "the tab to have the new chat")
    assert resumes == [""]
    viewer = harness.viewers[harness.content.chat.id]
    assert viewer.sent == [Prompt("look at this", images=(picture(),))]
    assert harness.sessions.drafts.texts() == {}


async def test_a_prompt_without_images_is_part_of_the_start(harness: WindowHarness, resumes: list[str]):
    session_id = await open_ended(harness)
    page = harness.content
    await harness.until(lambda: page.view.prompt._resumes, "the prompt to resume the chat")
    write(page, "go on")
    page.view.prompt.submit("queue")
    write(page, "and then")
    await harness.until(lambda: session_id not in harness.window.tabs.ids(), "the tab to have the new chat")
    assert resumes == ["go on"]
    await harness.until(lambda: shown(harness.content) == "and then", "what was written meanwhile")


async def test_a_prompt_that_cannot_resume_its_chat_is_put_back(harness: WindowHarness, resumes: list[str]):
    await open_ended(harness)
    page = harness.content
    await harness.until(lambda: page.view.prompt._resumes, "the prompt to resume the chat")
    write(page, "refuse")
    page.view.prompt.submit("queue")
    assert shown(page) == ""
    write(page, "meanwhile")
    await harness.until(lambda: shown(page) == "refuse\nmeanwhile", "the prompt to be put back")
    write(page, "!")
    assert shown(page) == "refuse\nmeanwhile!", "the cursor stays where the user types"


async def test_a_refused_prompt_is_put_back(harness: WindowHarness):
    session_id = (await harness.open_chat_view()).session_id
    viewer = harness.viewers[session_id]
    viewer.become(ViewerState.LIVE)
    page = harness.content
    write(page, "lost?")
    page.view.prompt.submit("queue")
    assert shown(page) == ""
    viewer.refuse("the program does not read its input")
    assert shown(page) == "lost?"
    viewer.refuse("another input")
    assert shown(page) == "lost?"


async def test_a_chat_that_continues_another_one_gets_its_draft(harness: WindowHarness):
    session_id = await open_ended(harness)
    write(harness.content, "draft")
    follower = await harness.add("one", runtime="structured", resumed_from=session_id)
    await harness.storage.call(lambda store: store.update(session_id, continued_by=follower))
    await harness.sessions.machines.here.refresh_now()
    await harness.until(lambda: harness.sessions.drafts.texts() == {follower: "draft"}, "the draft to move")
    page = harness.content
    assert page.chat.id == session_id
    assert shown(page) == ""


async def test_drafts_are_saved_once_after_changes_and_dropped_with_their_chats(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(unsent, "MAX_SAVED_CHARACTERS", 10)
    saved: list[dict[str, str]] = []
    saved_drafts = harness.sessions.drafts
    saved_drafts.save_due.connect(lambda: saved.append(saved_drafts.texts()))
    first, second, third = [await harness.add(name, runtime="structured") for name in ("a", "b", "c")]
    for session_id, text in ((first, "1"), (second, "22"), (third, "333"), (first, "4444"), (second, "")):
        saved_drafts.set(session_id, Draft(text, (picture(),)))
    assert saved_drafts._save_timer.interval() <= 1000
    await harness.until(lambda: saved, "the drafts to be saved")
    assert saved == [{third: "333", first: "4444"}], "together"
    saved_drafts.set(first, saved_drafts.of(first))
    assert not saved_drafts._save_timer.isActive(), "nothing changed"
    saved_drafts.set(second, Draft("7777"))
    assert saved_drafts.texts() == {first: "4444", second: "7777"}, "the drafts edited last are kept"
    harness.sessions.chats.forget(harness.chat(first))
    assert saved_drafts.texts() == {third: "333", second: "7777"}
    saved_drafts.load({"gone": "x", second: "2"})
    assert saved_drafts.texts() == {third: "333", second: "2"}


async def test_a_saved_draft_is_shown_in_the_next_window(harness: WindowHarness):
    session_id = await harness.add("one", runtime="structured")
    harness.sessions.drafts.load({session_id: "from before 😀 "})
    harness.open_window().open_chat(harness.chat(session_id))
    page = harness.content
    write(page, "on")
    assert shown(page) == "from before 😀 on"
    page.view.prompt.editor.undo()
    assert shown(page) == "from before 😀 ", "undo removes the typed text, not the draft"


async def offered(harness: WindowHarness, directory: str) -> list[str]:
    """All files and folders that are offered in a chat in this directory."""
    await harness.open_chat_view(cwd=directory)
    content = harness.content
    files = content.view.prompt.completion.files
    await harness.until(lambda: files.matching(""), "the files")
    return sorted(match.path for match in files.matching(""))


async def test_ignored_and_deleted_files_of_a_repository_are_not_offered(harness: WindowHarness, area: Area):
    repository = Checkout.new(area.home / "api")
    repository.commit("gone")
    (repository.path / "gone").unlink()
    repository.write(".gitignore", "*.log\n/out/\n")
    for name in ("build.log", "out/a", "src/new", "dist/kept"):
        repository.write(name)
    expected = [".gitignore", "dist/", "dist/kept", "file", "src/", "src/deep/", "src/deep/file", "src/new"]
    assert await offered(harness, str(repository.path)) == expected


async def test_elsewhere_all_files_but_those_of_well_known_folders_are_offered(harness: WindowHarness, area: Area):
    for name in ("notes/build.log", "node_modules/a"):
        (area.home / "plain" / name).parent.mkdir(parents=True)
        (area.home / "plain" / name).touch()
    assert await offered(harness, str(area.home / "plain")) == ["notes/", "notes/build.log"]


REASON = "the question is not the one that was shown"


async def shown_questions(
    harness: WindowHarness, *requests: AgentRequest
) -> tuple[FakeViewer, StructuredContent, list[RequestCard]]:
    """Show a chat with these questions."""
    chat = ScriptedChat()
    for request in requests:
        chat.ask(request)
    viewer = await harness.open_chat_view(chat.transcript)
    content = harness.content
    cards: list[RequestCard] = []

    def are_shown() -> bool:
        cards[:] = [card for request in requests if (card := content.view.page.requests.card(request.id)) is not None]
        return len(cards) == len(requests)

    await harness.until(are_shown, "the questions")
    return viewer, content, cards


async def test_a_refused_answer_is_shown_only_at_its_own_question(harness: WindowHarness):
    first, second = command_request("make"), command_request("make install", request_id="r2")
    viewer, page, (other, refused) = await shown_questions(harness, first, second)
    for request in (first, second):
        page.send(AnswerRequest(request.id, "yes", digest(request)))
    viewer.refuse(REASON, sequence=2)
    harness.settle()
    assert refused._message.text() == REASON
    assert "the question" not in other._message.text()
    viewer.refuse("nothing is running", sequence=3)
    assert "nothing" not in other._message.text() + refused._message.text()


async def test_the_reason_of_a_refusal_stays_until_the_next_answer(harness: WindowHarness):
    viewer, _, (card,) = await shown_questions(harness, command_request("make"))
    decline = card.button_of("reject_once")
    assert decline is not None
    decline.click()
    viewer.refuse(REASON)
    assert card._message.text() == REASON
    card.seen.checked.emit()  # As a moment after the question is shown, or moves.
    assert card._message.text() == REASON
    decline.click()
    assert card._message.text() == chat_texts.ANSWER_SENT()
