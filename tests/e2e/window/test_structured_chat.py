"""A structured chat in the window: prompts are typed, requests are answered, and answers arrive."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QImage

from gui.settings.layout import Place, WindowLayout
from gui.theme.tokens import SIDEBAR_WIDTH_PX
from gui.window.sidebar.question_card import BESIDE_PX
from session_host import paths
from session_host.storage.store import Store
from tests.e2e.window.conftest import WAIT_S, OpenWindow, listed, picture
from tests.e2e.window.test_sidebar import HEADING_PX, ROW_PX, TOP_PX, at_row
from tests.support.area import Area
from tests.support.commands import outlive
from tests.support.screen_reader import ScreenReader
from tests.support.structured_chats import new_chat, wait, wait_for_text
from tests.support.themes import LIGHT
from tests.support.waiting import WaitTimeout, wait_until
from tests.support.windows import Window, xdotool

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("sessions")]


def test_a_typed_prompt_is_answered_a_command_is_allowed_by_its_key_and_a_shell_opens_beside_the_chat(
    reader: ScreenReader, open_window: OpenWindow, area: Area
) -> None:
    session = new_chat(area, "x")
    with open_window() as app:
        app.show(session)
        app.focus()
        reader.program("outlive")
        app.type("limit: 93 answer: yes indeed")
        app.press("Return")
        wait_for_text("x", "^yes indeed$")
        reader.wait_for("Announcement", "5-hour limit 93 % · resets ")
        app.type("run: make install")
        app.press("Return")
        wait("x", "needs_input")

        def allowed() -> bool:
            app.press("shift+Tab")
            app.press("y")
            return outlive("wait", "x", "--activity", "idle", "--timeout", "0.5").code == 0

        wait_until(allowed, WAIT_S, "the command to be allowed")
        assert "make install" in outlive("peek", "x", "--scrollback").output
        image = QImage(str(picture(app, area, "chat")))
        assert image.width() > 400

        app.press("ctrl+shift+d")
        shells = wait_until(lambda: [tab for tab in app.tabs() if tab["pane"] == 2], WAIT_S, "a shell beside the chat")
        assert [listed(shell["session_id"])[key] for shell in shells for key in ("agent", "cwd")] == [
            "shell",
            str(area.home),
        ]


def is_question_beside_the_list(app: Window, area: Area) -> bool:
    """Whether the window shows the edge of a question beside the first row."""
    image = QImage(str(picture(app, area, "question")))
    edge = LIGHT.tokens.color("needs_you_fill")
    row_y = TOP_PX + HEADING_PX + ROW_PX
    beside = range(SIDEBAR_WIDTH_PX, SIDEBAR_WIDTH_PX + 2 * BESIDE_PX)
    return any(image.pixelColor(x, row_y) == edge for x in beside)


def test_a_question_is_answered_beside_its_row_while_another_chat_is_written_to(
    open_window: OpenWindow, area: Area
) -> None:
    new_chat(area, "x")
    shown = new_chat(area, "y")
    with open_window() as app:
        app.show(shown)
        app.wait_connected([shown])
        app.focus()
        app.type("answer: not ")
        outlive("send", "x", "run: make install", "--enter")
        wait("x", "needs_input")

        def opened() -> bool:
            xdotool(*at_row(app, 0), "click", "1")
            try:
                wait_until(lambda: is_question_beside_the_list(app, area), 1, "the question", is_exact=True)
            except WaitTimeout:  # The window has not heard of it yet, and opened the chat or none.
                app.show(shown)
                return False
            return True

        wait_until(opened, WAIT_S, "the question beside its row")

        def allowed() -> bool:
            app.press("y")
            return outlive("wait", "x", "--activity", "idle", "--timeout", "0.5").code == 0

        wait_until(allowed, WAIT_S, "the command to be allowed")
        assert "make install" in outlive("peek", "x", "--scrollback").output
        wait_until(lambda: not is_question_beside_the_list(app, area), WAIT_S, "the card to be closed")
        app.type("lost")
        app.press("Return")
        wait_for_text("y", "not ?y*lost")


def saved_drafts() -> object:
    with Store.open(paths.database()) as store:
        return list(store.layout().get("drafts", {}).values())


def test_an_unsent_prompt_outlives_its_tab_and_a_window_that_is_killed(open_window: OpenWindow, area: Area) -> None:
    session = new_chat(area, "x")
    with open_window() as first:
        first.show(session)
        first.focus()
        first.type("answer: typed")
        first.press("ctrl+shift+w")
        wait_until(lambda: first.tabs() == [], WAIT_S, "the tab to be closed")
        first.show(session)
        first.type(" twice")
        wait_until(lambda: saved_drafts() == ["answer: typed twice"], WAIT_S, "the draft to be saved")
        first.kill()
    with open_window() as second:
        second.wait_connected([session])
        second.focus()
        second.press("Return")
        wait_for_text("x", "^typed twice$")
        wait_until(lambda: saved_drafts() == [], WAIT_S, "the sent prompt to be no draft")


def saved_place(session: str) -> Place | None:
    with Store.open(paths.database()) as store:
        windows = WindowLayout.from_dict(store.layout()).windows
    return next((pane.places[session] for each in windows for pane in each.panes if session in pane.places), None)


def test_a_window_that_is_killed_shows_a_chat_view_at_its_place_again(open_window: OpenWindow, area: Area) -> None:
    session = new_chat(area, "x")
    outlive("send", "x", "count: 900", "--enter")
    wait_for_text("x", "answer line 0900")
    wait("x", "idle")

    def page(app: Window) -> QImage:
        """The left half of the page: a notice is at its right."""
        return QImage(str(picture(app, area, "place"))).copy(SIDEBAR_WIDTH_PX + 10, 100, 350, 450)

    def with_text(image: QImage) -> QImage | None:
        return image if len({image.pixelColor(200, y).name() for y in range(image.height())}) > 3 else None

    with open_window() as first:
        first.show(session)
        first.wait_connected([session])
        first.focus()
        at_end = wait_until(lambda: with_text(page(first)), WAIT_S, "the text")
        first.press("Prior")
        place = wait_until(lambda: saved_place(session), WAIT_S, "the place to be saved")
        shown = page(first)
        assert shown != at_end
        first.kill()
    with open_window() as second:
        second.wait_connected([session])
        wait_until(lambda: page(second) == shown, WAIT_S, "the place")
        assert saved_place(session) == place
