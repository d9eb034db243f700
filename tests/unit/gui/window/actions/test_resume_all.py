"""Resuming several chats, or all that a restart of the computer interrupted."""

from __future__ import annotations

from typing import Any

from session_host import paths
from session_host.errors import NotResumable
from session_host.protocol.values import State
from session_host.storage.store import Store
from session_host.storage.store.session_record import INTERRUPTED
from tests.unit.gui.conftest import Played, one_pane
from tests.unit.gui.window.actions.conftest import ENDED, PlayedResume


async def test_resume_all_lists_chats_and_shells_and_leaves_commands_out(played: Played, client: PlayedResume):
    interrupted: dict[str, Any] = {"state": State.LOST, "error": INTERRUPTED, "ended_at": "2026-01-02T03:05:00Z"}
    one, two = [await played.add(name, agent="claude", cwd=f"/srv/{name}", **interrupted) for name in ("one", "two")]
    shell = await played.add("build", agent="shell", cwd="/srv/build", **interrupted)
    command = await played.add("serve", agent="command", **interrupted)
    over = await played.add("over", agent="claude", **ENDED)
    window = played.open_window(one_pane([one, shell, over], over))
    client.cannot = {command}
    window.resume_all.offer()
    await played.until(lambda: window.banners.current is not None, "the offer")
    assert window.banners.current is not None
    assert window.banners.current.text == "A restart of the computer interrupted 4 chats."
    window.banners.run_action()
    question = window.sheets.question
    await played.until(lambda: question.is_open, "the list")
    assert client.asked == [], "nothing is resumed before the list is confirmed"
    assert question.subject.toPlainText().split("\n") == [
        "one · Claude Code · /srv/one", "two · Claude Code · /srv/two", "build · shell, starts again in /srv/build",
    ]  # fmt: skip
    assert question.detail.text().split("\n") == [
        "A shell begins below what it showed. No command runs by itself.",
        "Not resumed, because there is no conversation: serve",
    ]
    question.accept()
    await played.until(lambda: len(client.asked) == 3, "all to be resumed")
    assert [asked[:2] for asked in client.asked] == [("resume", one), ("resume", two), ("resume", shell)]
    await played.until(lambda: shell not in window.tabs.ids(), "the tab to change")
    ids = [f"00000000-0000-4000-8000-{number:012}" for number in (1, 3)]
    assert window.tabs.ids() == [*ids, over], "no tab is opened"
    window.resume_all.offer()
    played.settle()
    assert window.banners.current is None, "the offer comes once"


async def test_several_chats_are_resumed_without_opening_tabs_and_those_that_cannot_be_are_named(
    played: Played, client: PlayedResume
):
    one, two, gone = [await played.add(name, agent="claude", **ENDED) for name in ("one", "two", "gone")]
    window = played.open_window()
    client.cannot = {gone}
    chats = [played.chat(each) for each in (one, two, gone)]
    window.several.resume(chats)
    question = window.sheets.question
    await played.until(lambda: question.is_open, "the question")
    assert question.detail.text() == "Not resumed, because there is no conversation: gone"
    question.accept()
    await played.until(lambda: len(client.asked) == 2, "both to be resumed")
    assert [asked[:2] for asked in client.asked] == [("resume", one), ("resume", two)]
    assert window.tabs.ids() == []


async def test_an_end_of_several_chats_can_be_undone(played: Played, client: PlayedResume):
    ids = [await played.add(name, agent="claude") for name in ("one", "two", "gone")]
    window = played.open_window()
    client.cannot = {ids[2]}
    played.sessions.stop = lambda chat: None  # type: ignore[method-assign]
    window.actions_["stop_all"].trigger()
    window.sheets.question.accept()
    for session_id in ids:
        assert window.banners.current is None, "not before all have ended"
        played.viewers[session_id].end(exit_signal=15)
        with Store.open(paths.database()) as store:
            store.update(session_id, state=State.EXITED, exit_signal=15)
        await played.sessions.refresh_now()
        played.settle()
    await played.until(lambda: window.banners.current is not None, "the offer")
    assert window.banners.current is not None
    assert (window.banners.current.text, window.banners.current.action) == ("3 chats ended", "Resume 2 chats…")
    window.banners.run_action()
    await played.until(lambda: window.sheets.question.is_open, "the list")


async def test_chats_that_do_not_end_are_named_when_all_are_stopped(played: Played, client: PlayedResume):
    one, stuck = [await played.add(name, agent="command") for name in ("one", "stuck")]
    window = played.open_window()
    client.cannot = {one, stuck}
    played.sessions.stop = lambda chat: None  # type: ignore[method-assign]
    window.several.stop([played.chat(each) for each in (one, stuck)])
    window.sheets.question.accept()
    played.viewers[one].end(exit_signal=15)
    with Store.open(paths.database()) as store:
        store.update(one, state=State.EXITED, exit_signal=15)
    await played.sessions.refresh_now()
    assert window.several.end_report.timer.isActive()
    window.several.end_report.timer.start(0)
    await played.until(lambda: window.banners.current is not None, "the line")
    assert window.banners.current is not None
    assert window.banners.current.text == "1 of 2 chats ended. Still running: stuck"
    assert window.banners.current.action == "", "a command is not resumed"


async def test_one_line_says_why_several_chats_cannot_be_resumed(played: Played, client: PlayedResume):
    ids = [await played.add(name, agent="claude", **ENDED) for name in ("one", "two")]
    window = played.open_window()
    chats = [played.chat(each) for each in ids]
    client.refusal = NotResumable("Claude Code is not installed")

    def shown() -> str:
        return window.banners.current.text if window.banners.current is not None else ""

    window.several.resume(chats)
    await played.until(lambda: window.sheets.question.is_open, "the question")
    window.sheets.question.accept()
    reason = "Can’t resume one, two: Claude Code is not installed"
    await played.until(lambda: shown() == reason, "the reason")
    window.banners.dismiss()
    assert shown() == "", "there is one line for both"
    client.cannot = set(ids)
    window.several.resume(chats)
    reason = "None of these chats can be resumed."
    await played.until(lambda: shown() == reason, "the reason why nothing is asked")


async def test_resume_all_distinguishes_similar_chats(played: Played, client: PlayedResume):
    interrupted: dict[str, Any] = {"state": State.LOST, "error": INTERRUPTED, "agent": "claude", "cwd": "/srv/api"}
    for name, title in (("api", "Mend the parser"), ("api", "Write the docs"), ("docs", "Read it")):
        await played.add(name, title=title, ended_at="2026-01-02T03:05:00Z", **interrupted)
    window = played.open_window()
    window.resume_all.ask()
    await played.until(lambda: window.sheets.question.is_open, "the list")
    lines = window.sheets.question.subject.toPlainText().split("\n")
    beginning = "api · Claude Code · /srv/api"
    assert {line.partition(" · Inter")[0] for line in lines} == {
        f"{beginning} · Mend the parser", f"{beginning} · Write the docs", "docs · Claude Code · /srv/api",
    }  # fmt: skip
