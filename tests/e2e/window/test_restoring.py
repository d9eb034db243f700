"""Files are restored to the state before a prompt, and the restore is undone, with real keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.window.conftest import WAIT_S, OpenWindow
from tests.e2e.window.user_actions import command
from tests.support.area import Area
from tests.support.chat_commands import input_log, install_agent, wait, wait_for_text
from tests.support.commands import new
from tests.support.repositories import Checkout
from tests.support.waiting import wait_until
from tests.support.windows import Window

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("sessions")]


def confirm_until(app: Window, path: Path, *, exists: bool) -> None:
    """Press Enter, in the list and in the question, until a file exists or not; Enter does not send an empty prompt."""

    def is_done() -> bool:
        app.press("Return")
        return path.exists() == exists

    wait_until(is_done, WAIT_S, f"{path} to be {'there' if exists else 'gone'}", every_s=0.3)


def test_files_are_restored_to_before_a_prompt_and_the_restore_is_undone(open_window: OpenWindow, area: Area) -> None:
    checkout = Checkout.new(area.home / "api")
    new_file = checkout.path / "made"
    install_agent(area)
    with (area.config / "agents/fake.toml").open("a", encoding="utf-8") as file:
        file.write("[signals]\nends_all = true\n")
    directory = ["-C", str(checkout.path), "-e", f"FAKE_APP_SERVER_LOG={input_log(area)}"]
    session = new("fake", "--runtime", "structured", "-n", "x", *directory)
    wait("x", "idle")
    with open_window() as app:
        app.show(session)
        app.focus()
        app.type(f"write: {new_file}")
        app.press("Return")
        wait_until(new_file.exists, WAIT_S, "the agent to write its file")
        wait_for_text("x", "^echo: ")
        wait("x", "idle")
        command(app, "rewind")
        confirm_until(app, new_file, exists=False)
        command(app, "rewind")
        confirm_until(app, new_file, exists=True)
    assert checkout.git("status", "--porcelain") == "?? made"
