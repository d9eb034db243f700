"""Resuming several chats, or all that a restart of the computer interrupted."""

from __future__ import annotations

from typing import Any

from session_host import paths
from session_host.errors import NotResumable
from session_host.protocol.values import State
from session_host.storage.store import Store
from session_host.storage.store.session_record import INTERRUPTED
from tests.unit.gui.conftest import WindowHarness, one_pane
from tests.unit.gui.window.actions.conftest import ENDED, FakeResume


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
    assert window.banners.current is not None
    assert window.banners.current.text == "A restart of the computer interrupted 4 chats."
    window.banners.run_action()
    question = window.sheets.question
    await harness.until(lambda: question.is_open, "the list")
    assert client.calls == [], "nothing is resumed before the list is confirmed"
    assert question.subject.toPlainText().split("\n") == [
        "one · Claude Code · /srv/one", "two · Claude Code · /srv/two", "build · shell, starts again in /srv/build",
    ]  # fmt: skip
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


async def test_several_chats_are_resumed_without_opening_tabs_and_those_that_cannot_be_are_named(
    harness: WindowHarness, client: FakeResume
):
    one, two, gone = [await harness.add(name, agent="claude", **ENDED) for name in ("one", "two", "gone")]
    window = harness.open_window()
    client.cannot = {gone}
    chats = [harness.chat(each) for each in (one, two, gone)]
    window.commands.chat_actions.resume_several(chats)
    question = window.sheets.question
    await harness.until(lambda: question.is_open, "the question")
    assert question.detail.text() == "Not resumed, because there is no conversation: gone"
    question.accept()
    await harness.until(lambda: len(client.calls) == 2, "both to be resumed")
    assert [call[:2] for call in client.calls] == [("resume", one), ("resume", two)]
    assert window.tabs.ids() == []


async def test_an_end_of_several_chats_can_be_undone(harness: WindowHarness, client: FakeResume):
    ids = [await harness.add(name, agent="claude") for name in ("one", "two", "gone")]
    window = harness.open_window()
    client.cannot = {ids[2]}
    harness.sessions.stop = lambda chat: None  # type: ignore[method-assign]
    window.actions_["stop_all"].trigger()
    window.sheets.question.accept()
    for session_id in ids:
        assert window.banners.current is None, "not before all have ended"
        harness.viewers[session_id].end(exit_signal=15)
        with Store.open(paths.database()) as store:
            store.update(session_id, state=State.EXITED, exit_signal=15)
        await harness.sessions.refresh_now()
        harness.settle()
    await harness.until(lambda: window.banners.current is not None, "the offer")
    assert window.banners.current is not None
    assert (window.banners.current.text, window.banners.current.action) == ("3 chats ended", "Resume 2 chats…")
    window.banners.run_action()
    await harness.until(lambda: window.sheets.question.is_open, "the list")


async def test_chats_that_do_not_end_are_named_when_all_are_stopped(harness: WindowHarness, client: FakeResume):
    one, stuck = [await harness.add(name, agent="command") for name in ("one", "stuck")]
    window = harness.open_window()
    client.cannot = {one, stuck}
    harness.sessions.stop = lambda chat: None  # type: ignore[method-assign]
    window.commands.chat_actions.stop_several([harness.chat(each) for each in (one, stuck)])
    window.sheets.question.accept()
    harness.viewers[one].end(exit_signal=15)
    with Store.open(paths.database()) as store:
        store.update(one, state=State.EXITED, exit_signal=15)
    await harness.sessions.refresh_now()
    assert window.commands.chat_actions.end_report.timer.isActive()
    window.commands.chat_actions.end_report.timer.start(0)
    await harness.until(lambda: window.banners.current is not None, "the line")
    assert window.banners.current is not None
    assert window.banners.current.text == "1 of 2 chats ended. Still running: stuck"
    assert window.banners.current.action == "", "a command is not resumed"


async def test_one_line_says_why_several_chats_cannot_be_resumed(harness: WindowHarness, client: FakeResume):
    ids = [await harness.add(name, agent="claude", **ENDED) for name in ("one", "two")]
    window = harness.open_window()
    chats = [harness.chat(each) for each in ids]
    client.refusal = NotResumable("Claude Code is not installed")

    def shown() -> str:
        return window.banners.current.text if window.banners.current is not None else ""

    window.commands.chat_actions.resume_several(chats)
    await harness.until(lambda: window.sheets.question.is_open, "the question")
    window.sheets.question.accept()
    reason = "Can’t resume one, two: Claude Code is not installed"
    await harness.until(lambda: shown() == reason, "the reason")
    window.banners.dismiss()
    assert shown() == "", "there is one line for both"
    client.cannot = set(ids)
    window.commands.chat_actions.resume_several(chats)
    reason = "None of these chats can be resumed."
    await harness.until(lambda: shown() == reason, "the reason why nothing is asked")


async def test_resume_all_distinguishes_similar_chats(harness: WindowHarness, client: FakeResume):
    interrupted: dict[str, Any] = {"state": State.LOST, "error": INTERRUPTED, "agent": "claude", "cwd": "/srv/api"}
    for name, title in (("api", "Mend the parser"), ("api", "Write the docs"), ("docs", "Read it")):
        await harness.add(name, title=title, ended_at="2026-01-02T03:05:00Z", **interrupted)
    window = harness.open_window()
    window.commands.resume_all.ask()
    await harness.until(lambda: window.sheets.question.is_open, "the list")
    lines = window.sheets.question.subject.toPlainText().split("\n")
    beginning = "api · Claude Code · /srv/api"
    assert {line.partition(" · Inter")[0] for line in lines} == {
        f"{beginning} · Mend the parser", f"{beginning} · Write the docs", "docs · Claude Code · /srv/api",
    }  # fmt: skip
