"""The list of repositories with a worktree setup, on the page Chats of the settings window."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from gui.window.settings.setup_page import SetupList
from session_host.client.chats.settings import load_chat_settings
from tests.support.area import Area
from tests.support.qt_waiting import process_events_until
from tests.support.repositories import Checkout
from tests.unit.gui.window.settings.conftest import Opened


def test_the_setup_of_a_repositorys_worktrees_is_added_changed_and_removed(opened: Opened, area: Area) -> None:
    path = area.config / "chats.toml"
    path.write_text('# mine\nrecord = false\n\n[worktree_setup]  # slow\n"~/docs" = "make"  # the book\n')
    checkout = Checkout.new(area.home / "api")
    opened.tasks.runs = "the repository of a setup"
    opened.settings.read_again()
    window = opened.window
    window.show_page("general")
    page = window.page("general")
    [setups] = page.findChildren(SetupList)
    form = setups.form
    assert [row.name for row in setups.rows.values()] == ["docs"]
    setups.add.click()
    QTest.keyClicks(form.directory, "~/docs")
    QTest.keyClicks(form.command, "npm ci")
    QTest.keyClick(form.command, Qt.Key.Key_Return)
    assert form.problem.text() == "~/docs does not exist."
    assert form.directory.hasFocus()
    form.directory.setText("~/api/src")
    QTest.keyClick(form.command, Qt.Key.Key_Return)
    assert not form.isVisible()
    assert [(row.name, row.help.text()) for row in setups.rows.values()] == [
        ("docs", "~/docs\nmake"), ("api", "~/api\nnpm ci")
    ]  # fmt: skip
    added = setups.rows[str(checkout.path)]
    assert added.control.inner.hasFocus()
    assert load_chat_settings(area.config).setup_of(str(checkout.path / ".git")) == (str(checkout.path), "npm ci")
    setups.add.click()
    form.directory.setText("~/api")
    form.command.setText("make")
    form.save.click()
    assert form.problem.text() == "~/api is in the list already."
    QTest.keyClick(form.directory, Qt.Key.Key_Escape)
    assert not form.isVisible()
    QTest.keyClick(setups.rows["~/docs"].control.inner, Qt.Key.Key_Space)
    form.command.setText("make all")
    QTest.keyClick(form.command, Qt.Key.Key_Return)
    QTest.keyClick(added.control.inner, Qt.Key.Key_Space)
    form.remove.click()
    assert setups.add.hasFocus()
    assert path.read_text() == (
        '# mine\nrecord = false\n\n[worktree_setup]  # slow\n"~/docs" = "make all"  # the book\n'
    )
    path.write_text('worktree_setup = { "api" = "make" }\n')
    opened.settings.read_again()
    assert "chats.toml:1: worktree_setup: 'api' must be an absolute path, or begin with ~/." in [
        each.text() for each in page.findChildren(QLabel)
    ]


def test_the_text_about_the_setups_is_not_squeezed_beside_its_button_in_a_small_window(opened: Opened) -> None:
    window = opened.window
    window.resize(560, 400)
    window.show_page("general")
    [setups] = window.page("general").findChildren(SetupList)
    row, text = setups._heading, setups._heading.help
    process_events_until(lambda: row.control.y() > text.geometry().bottom(), 60, "the button to be below the text")
    process_events_until(lambda: text.height() <= 4 * text.fontMetrics().lineSpacing(), 60, "a few lines of text")
    window.resize(900, 600)
    process_events_until(lambda: row.control.x() > text.geometry().right(), 60, "the button to be beside the text")
