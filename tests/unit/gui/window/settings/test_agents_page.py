"""The page of agents in the settings."""

from __future__ import annotations

import asyncio

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextLayout
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from gui.window.settings.agents_page import AgentRow, AgentsPage
from gui.window.settings.setup_page import SetupList
from gui.wording import settings_texts
from tests.support.area import Area
from tests.support.qt_waiting import delete_now, process_events_until
from tests.unit.gui.window.settings.conftest import Opened


def test_the_page_of_agents_says_what_the_fields_beside_them_are_for(opened: Opened) -> None:
    opened.window.show_page("agents")
    page = opened.window.page("agents")
    [hint] = [each for each in page.findChildren(QLabel) if each.text() == settings_texts.ARGUMENTS_HINT()]
    assert hint.isVisible()
    opened.window.search.setText("codex")
    assert page.isVisible()
    assert not hint.isVisible(), "only what the search has found is shown"


def test_agents_that_are_not_installed_are_folded_until_they_are_searched_for_or_installed(
    opened: Opened, area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = area.root / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))

    def shown() -> set[str]:
        QApplication.processEvents()
        return {row.agent.name for row in page.findChildren(AgentRow) if row.isVisible()}

    window = opened.window
    opened.tasks.runs = "agents"
    window.show_page("agents")
    page = window.page("agents")
    assert not {"claude", "codex"} & shown()
    assert "shell" in shown()
    [fold] = [each for each in page.findChildren(QPushButton) if each.text().startswith("Show ")]
    fold.click()
    assert {"claude", "codex"} <= shown()
    fold.click()
    window.search.setText("codex")
    assert shown() == {"codex"}
    window.search.clear()
    assert not {"claude", "codex"} & shown()
    window.show_page("general")
    (programs / "codex").write_text("#!/bin/sh\n")
    (programs / "codex").chmod(0o755)
    window.show_page("agents")
    assert {"claude", "codex"} & shown() == {"codex"}, "the page looks for agents when it is shown"


def test_the_command_that_installs_an_agent_wraps_only_at_its_spaces(opened: Opened) -> None:
    opened.window.show_page("agents")
    row = next(row for row in opened.window.findChildren(AgentRow) if row.agent.name == "claude")
    row.path = None
    row.set_version("")
    text = row.help.text()
    layout = QTextLayout(text, row.help.font())
    layout.beginLayout()
    parts = []
    while (line := layout.createLine()).isValid():
        line.setLineWidth(20)  # Narrower than any word: the text breaks wherever it may.
        parts.append(text[line.textStart() : line.textStart() + line.textLength()].replace("\u2060", "").strip())
    layout.endLayout()
    assert parts[-1] == "@anthropic-ai/claude-code"
    assert "-g" in parts
    opened.window.search.setText("anthropic-ai/claude-code")
    assert row.isVisible(), "the search does not see what keeps the words whole"


def test_a_custom_agent_is_added_and_edited_and_arguments_are_set(opened: Opened, area: Area) -> None:
    window = opened.window
    window.show_page("agents")
    page = window.page("agents")
    assert isinstance(page, AgentsPage)
    assert opened.row("new_chat_agent").control.inner.currentData() == ""  # type: ignore[attr-defined]
    page.add.click()
    QTest.keyClicks(page.form.title, "My agent")
    assert page.form.name.text() == "my-agent"
    assert page.form.monogram.text() == "Ma"
    for title, monogram in (("Cool Cat", "Cl"), ("Goose", "Go"), ("X", "X"), ("My agent", "Ma")):
        page.form.title.clear()
        QTest.keyClicks(page.form.title, title)
        assert page.form.monogram.text() == monogram, title
    QTest.keyClick(page.form.title, Qt.Key.Key_Return)
    assert page.form.problem.text() == "Program: enter a value."
    save = page.form.save
    process_events_until(lambda: not save.visibleRegion().isEmpty(), 30, "the whole form, with what is wrong, in view")
    QTest.keyClicks(page.form.program, "bash")
    QTest.keyClicks(page.form.words, "-c 'echo hi'")
    QTest.keyClick(page.form.words, Qt.Key.Key_Return)
    assert not page.form.isVisible()
    agent = opened.agents["my-agent"]
    assert agent.start == ("bash", "-c", "echo hi", "{arguments}")
    assert agent.signals.ends_all, "it has the limits of an agent, and its processes end with it"
    row = next(row for row in page._rows if row.agent.name == "my-agent")
    assert "your own" in row.help.text()
    assert row.has_button
    default = opened.row("new_chat_agent").control.inner
    assert default.findData("my-agent") > 0, "it can be the default agent"  # type: ignore[attr-defined]
    claude = next(row for row in page._rows if row.agent.name == "claude")
    QTest.keyClicks(claude.control.inner, "--model 'x y'")
    QTest.keyClick(claude.control.inner, Qt.Key.Key_Return)
    assert (area.config / "agents/claude.toml").read_text() == 'default_arguments = ["--model", "x y"]\n'
    assert opened.agents["claude"].default_arguments == ("--model", "x y")


@pytest.mark.parametrize("name", ["My agent", "../mine", "-x"])
def test_a_name_that_no_agent_can_have_is_refused_with_the_reason(opened: Opened, area: Area, name: str) -> None:
    opened.window.show_page("agents")
    page = opened.window.page("agents")
    assert isinstance(page, AgentsPage)
    page.add.click()
    for field, text in ((page.form.title, "Mine"), (page.form.name, name), (page.form.program, "mine")):
        field.setText(text)
    page.form.save.click()
    assert page.form.problem.text() == "Name in commands: use only a-z, 0-9, - and _, at most 32."
    assert list(area.config.rglob("*.toml")) == []


def test_a_start_that_the_form_cannot_show_is_kept(opened: Opened, area: Area) -> None:
    path = area.config / "agents/mine.toml"
    path.parent.mkdir()
    start = 'start = ["mine", "{arguments}", ["-p", "{prompt}"]]\n'
    path.write_text(f'title = "Mine"\nmonogram = "Mi"\nexecutable = "mine"\n{start}')
    opened.settings.read_again()
    opened.window.show_page("agents")
    page = opened.window.page("agents")
    assert isinstance(page, AgentsPage)
    page.form.ask(opened.agents["mine"])
    page.form.title.setText("Mine, renamed")
    page.form.save.click()
    assert 'title = "Mine, renamed"' in path.read_text()
    assert start in path.read_text()
    opened.settings.read_again()
    page.form.ask(opened.agents["mine"])
    page.form.words.setText("--more")
    page.form.save.click()
    assert page.form.problem.text() == "agents/mine.toml has more arguments than this form shows. Change them there."
    assert start in path.read_text()


def test_agents_changed_just_before_the_page_is_opened_reach_all_listeners(opened: Opened, area: Area) -> None:
    seen: list[bool] = []
    opened.agents.changed.connect(lambda: seen.append("mine" in opened.agents))
    (area.config / "agents").mkdir()
    agent = 'title = "Mine"\nexecutable = "cat"\nstart = ["cat"]\nmonogram = "M"\nposition = 1\n'
    (area.config / "agents/mine.toml").write_text(agent)
    opened.window.show_page("agents")
    opened.settings.read_again()
    opened.settings.read_again()
    assert seen == [True], "once, and not swallowed by the page"
    page = opened.window.page("agents")
    assert isinstance(page, AgentsPage)
    assert "mine" in [row.agent.name for row in page._rows]


def test_a_result_that_arrives_after_the_window_was_closed_is_dropped(opened: Opened, area: Area) -> None:
    opened.tasks.is_slow = True
    window = opened.window
    window.show_page("agents")
    window.show_page("general")
    [setups] = window.page("general").findChildren(SetupList)
    setups.add.click()
    setups.form.directory.setText("~")
    setups.form.command.setText("make")
    setups.form.save.click()
    window.close()
    delete_now(window)
    assert len(opened.tasks.waiting) == 2
    for work in opened.tasks.waiting:
        asyncio.run(work)
    assert not (area.config / "chats.toml").exists()
