"""A chat's task is handed over by a sheet: the whole first prompt is read and edited before anything is sent."""

from __future__ import annotations

import stat
import uuid
from typing import Any

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui.chat.content.segments import QuietLine
from gui.window.page.structured_content import StructuredContent
from gui.window.sheets.hand_over import HandOverSheet
from session_host.client.chats.handing_over import HandedOver, HandOverOffer
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.errors import LaunchFailed, OutliveError
from session_host.protocol.facts import AgentStatus
from session_host.protocol.turns import TurnFacts
from session_host.protocol.values import Activity
from tests.support.area import Area
from tests.unit.gui.conftest import WindowHarness, insert_record
from tests.unit.gui.window.actions.codex_chats import add_chat, items, with_prompts

OFFER = "Go on with a task that another agent began.\n\nThe task: rename the ledger"


@pytest.fixture
def agents(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    """Claude Code, with an account, and Codex are installed. Request it before the window is made."""
    programs = area.root / "bin"
    programs.mkdir()
    for name in ("claude", "codex"):
        (programs / name).write_text("#!/bin/sh\n")
        (programs / name).chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    directory = area.config / "agents"
    directory.mkdir()
    (directory / "claude.toml").write_text('[accounts.home]\nenv = { CLAUDE_CONFIG_DIR = "~/h" }\n')


class Fakes:
    """What the sheet's calls do.

    Attributes:
        wishes: the chats that were asked for, with their origins.
        problem: why the next start fails; None if it succeeds.
        note: what it could not do.
    """

    def __init__(self) -> None:
        self.wishes: list[tuple[str, LaunchRequest]] = []
        self.problem: OutliveError | None = None
        self.note = ""

    async def offer_hand_over(self, session_id: str) -> HandOverOffer:
        del session_id
        return HandOverOffer("0" * 32, OFFER, "ledger")

    async def hand_over(self, session_id: str, request: LaunchRequest) -> HandedOver:
        self.wishes.append((session_id, request))
        if self.problem is not None:
            raise self.problem
        taken = insert_record("work (Codex)", agent=request.agent.name, handed_from=session_id)
        return HandedOver(taken, self.note)


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> Fakes:
    made = Fakes()
    for name in ("offer_hand_over", "hand_over"):
        monkeypatch.setattr(f"session_host.client.chats.handing_over.{name}", getattr(made, name))
    return made


async def opened(harness: WindowHarness, session_id: str) -> HandOverSheet:
    """The sheet with the prompt that Outlive would send."""
    items(harness, session_id)["Hand over…"].trigger()
    sheet = harness.window.sheets.hand_over
    await harness.until(lambda: sheet.field.toPlainText() == OFFER, "the prompt")
    return sheet


async def test_the_prompt_is_sent_as_edited_to_who_was_chosen(
    agents: None, harness: WindowHarness, fakes: Fakes
) -> None:
    chat = await add_chat(harness, agent="claude", cwd="/tmp")
    window = harness.open_window()
    sheet = await opened(harness, chat)
    assert [made.text() for made in sheet.takers] == ["Codex", "Claude Code, home"]
    assert sheet.takers[0].isChecked()
    assert sheet.origin.accessibleName() == "from work"
    assert sheet.place.text() == "the same directory, /tmp, branch ledger"
    assert "Shift+Enter begins a new line" in sheet.hint.text()
    assert "company behind Codex" in sheet.hint.text()
    assert sheet.field.textCursor().atEnd()
    assert fakes.wishes == []

    QTest.mouseClick(sheet.takers[1], Qt.MouseButton.LeftButton)
    assert "Start Claude Code, home" in sheet.start.text()
    sheet.field.setPlainText("")
    assert not sheet.start.isEnabled()
    QTest.keyClicks(sheet.field, "Do it  well.")
    QTest.keyClick(sheet.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClicks(sheet.field, "Please.")
    QTest.keyClick(sheet.field, Qt.Key.Key_Return)
    await harness.until(lambda: not sheet.is_open, "the sheet to go")

    [(origin, request)] = fakes.wishes
    assert (origin, request.prompt, request.account) == (chat, "Do it  well.\nPlease.", "home")
    assert (request.agent.name, request.token, request.arguments) == ("claude", "0" * 32, [])
    assert len(window.tabs.ids()) == 1, "the new chat has a tab"


async def test_what_was_edited_survives_a_refusal_escape_and_another_look(
    agents: None, harness: WindowHarness, fakes: Fakes
) -> None:
    chat = await add_chat(harness, agent="claude")
    harness.open_window()
    fakes.problem = LaunchFailed("there is no directory /tmp/gone; choose another")
    sheet = await opened(harness, chat)
    QTest.keyClicks(sheet.field, "!")
    edited = sheet.field.toPlainText()
    sheet.start.click()
    await harness.until(lambda: "no directory" in sheet.error.text(), "the refusal")
    assert (sheet.is_open, sheet.field.toPlainText(), sheet.start.isEnabled()) == (True, edited, True)

    QTest.keyClick(sheet.field, Qt.Key.Key_Escape)
    assert not sheet.is_open
    items(harness, chat)["Hand over…"].trigger()
    harness.settle()
    assert sheet.field.toPlainText() == edited
    fakes.problem = None
    sheet.start.click()
    await harness.until(lambda: not sheet.is_open, "the sheet to go")
    assert fakes.wishes[-1][1].prompt == edited

    sheet = await opened(harness, chat)
    assert sheet.field.toPlainText() == OFFER, "what was sent is no draft"


async def test_cancel_forgets_what_was_edited(agents: None, harness: WindowHarness, fakes: Fakes) -> None:
    chat = await add_chat(harness, agent="claude")
    harness.open_window()
    sheet = await opened(harness, chat)
    QTest.keyClicks(sheet.field, "!")
    sheet.cancel.click()
    await opened(harness, chat)


async def test_what_could_not_be_taken_back_is_said(agents: None, harness: WindowHarness, fakes: Fakes) -> None:
    chat = await add_chat(harness, agent="claude")
    window = harness.open_window()
    fakes.note = "the prompt that continues work could not be taken back: its host is gone"
    sheet = await opened(harness, chat)
    sheet.start.click()
    await harness.until(lambda: "could not be taken back" in harness.banner, "the banner")
    assert len(window.tabs.ids()) == 1, "the new chat has a tab"


async def test_without_another_agent_or_account_nothing_can_be_started(
    harness: WindowHarness, fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    chat = await add_chat(harness, agent="claude")
    harness.open_window()
    sheet = await opened(harness, chat)
    assert (sheet.takers, sheet.start.isEnabled()) == ([], False)
    assert "No other agent is installed" in sheet.error.text()


async def test_a_working_chat_is_called_so(agents: None, harness: WindowHarness, fakes: Fakes) -> None:
    chat = await add_chat(harness, agent="claude")
    harness.open_window()
    has(harness, chat, AgentStatus(Activity.WORKING, "hook"))
    sheet = await opened(harness, chat)
    assert "works on in the same files" in sheet.stays.text()


def has(harness: WindowHarness, session_id: str, status: AgentStatus, **entry: Any) -> None:
    chat = harness.chat(session_id)
    chat.record = replace(chat.record, status=status, entry=replace(chat.record.entry, **entry))
    chat.changed.emit()


async def test_old_and_new_name_each_other_until_the_old_one_works_again(
    agents: None, harness: WindowHarness, fakes: Fakes
) -> None:
    old = await harness.add("ledger", agent="claude", runtime="structured")
    new = await harness.add("ledger (Codex)", agent="codex", handed_from=old)
    window = harness.open_window()
    last = TurnFacts(outcome="limit", began="2026-11-30T14:00:00.000Z", resets_at="2099-01-01T15:00:00.000Z")
    at = "2026-11-30T14:30:00.000Z"
    with_prompts(harness, old)
    has(harness, old, AgentStatus(Activity.IDLE, "hook", failed=True, last=last), handed_to=new, handed_at=at)

    row = window.sidebar.model.index_of(old).data(Qt.ItemDataRole.ToolTipRole)
    assert "Handed over to ledger (Codex)" in row
    assert harness.chat(old).taker_words == "Handed over to ledger (Codex)"
    assert harness.chat(new).handed_words == "took over from ledger"
    content = window.tabs.active_page.content if window.tabs.active_page is not None else None
    assert isinstance(content, StructuredContent)
    rows = content.view.page.rows
    shown = [each for row in rows._rows.values() for each in row.segments if isinstance(each, QuietLine)]
    assert [each.text for each in shown if each.text.startswith("Handed")] == ["Handed over to ledger (Codex)"]
    window.commands.handing_over.act(harness.chat(old), "open_taker")
    assert window.tabs.active_id == new

    working = replace(last, began="2026-11-30T16:00:00.000Z")
    has(harness, old, AgentStatus(Activity.IDLE, "hook", last=working))
    assert harness.chat(old).taker_words == ""


async def test_a_page_names_the_new_chat_also_if_the_window_learns_of_it_later(
    agents: None, harness: WindowHarness, fakes: Fakes
) -> None:
    old, new = await harness.add("ledger", agent="claude", runtime="structured"), str(uuid.uuid4())
    window = harness.open_window()
    content = with_prompts(harness, old)
    has(harness, old, AgentStatus(Activity.IDLE, "hook"), handed_to=new, handed_at="2026-11-30T14:30:00.000Z")
    assert content.view.page.rows.taker == "Handed over"
    await harness.add("api", id=new, agent="codex", handed_from=old, default_name="api", topic="Rename it")
    await harness.until(lambda: content.view.page.rows.taker == "Handed over to Rename it (Codex)", "the name")
    assert window.tabs.ids() == [old]
