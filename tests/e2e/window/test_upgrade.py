"""Chats that were started before an upgrade, in the upgraded window."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from session_host.client.sessions.session_info import describe
from session_host.version import VERSION
from tests.conftest import Sessions
from tests.e2e.window.conftest import WAIT_S, OpenWindow, chat_text, echo, listed
from tests.support.area import Area
from tests.support.commands import OUTLIVE, REPOSITORY, environment
from tests.support.waiting import wait_until
from tests.support.windows import Window

pytestmark = pytest.mark.e2e


def previous_version(area: Area) -> Path:
    """Make a copy of the product with an older version number; returns its directory."""
    root = area.root / "previous"
    for room in ("session_host", "resources"):
        shutil.copytree(REPOSITORY / room, root / room, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "session_host" / "version.py").write_text('VERSION = "0.0.1"\n')
    return root


def new_chat_of(root: Path, area: Area, name: str) -> dict[str, Any]:
    done = subprocess.run(
        [*OUTLIVE, "new", "command", "-d", "--json", "-n", name, "-C", str(area.home), "--", *echo()],
        env={**environment(), "PYTHONPATH": str(root)},
        cwd=root, check=True, capture_output=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    session: dict[str, Any] = json.loads(done.stdout)
    return session


def choose_update(app: Window) -> None:
    app.press("ctrl+shift+p")
    app.type("Update running")
    app.press("Return")


def test_the_window_updates_running_chats_and_typing_continues(open_window: OpenWindow, sessions: Sessions, area: Area):
    chat = new_chat_of(previous_version(area), area, "before")
    with open_window() as app:
        app.show(chat["id"])
        app.wait_connected([chat["id"]])
        app.focus()
        app.type("typed before")
        wait_until(lambda: "typed before" in chat_text(chat["id"]), WAIT_S, "what is typed")
        choose_update(app)
        wait_until(lambda: listed(chat["id"])["host_pid"] != chat["host_pid"], WAIT_S, "another host")
        wait_until(lambda: app.tabs()[0]["connected"], WAIT_S, "the tab to be connected")
        app.type(", typed after")
        wait_until(lambda: "typed before, typed after" in chat_text(chat["id"]), WAIT_S, "what is typed")
        now = listed(chat["id"])
    assert (now["state"], now["child_pid"]) == ("running", chat["child_pid"])
    described = describe(chat["id"])
    assert described is not None
    assert described.version == VERSION
