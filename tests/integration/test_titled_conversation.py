"""The conversation of opencode without its plugin is found by the terminal's title."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.area import Area
from tests.support.commands import outlive
from tests.support.conversing import listed
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("sessions")

CATALOG = """
title = "Mine"
executable = "sh"
start = ["sh", "-c", 'printf "\\033]2;OC | Apples\\007"; cat']
monogram = "M"
[signals]
titled = "opencode"
"""


def test_a_chat_without_the_plugin_library_knows_its_conversation(area: Area, tmp_path: Path) -> None:
    (area.config / "agents").mkdir()
    (area.config / "agents" / "mine.toml").write_text(CATALOG)
    path = area.home / ".local" / "share" / "opencode" / "opencode.db"
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "CREATE TABLE session (id TEXT, title TEXT, directory TEXT, time_created INTEGER, parent_id TEXT)"
        )
        connection.execute("INSERT INTO session VALUES ('ses_one', 'Apples', ?, 1, NULL)", (str(tmp_path),))

    chat = str(outlive("new", "mine", "--json", "-C", str(tmp_path)).json()["id"])

    wait_until(
        lambda: listed(chat)["provider_session_id"] == "ses_one", 10, lambda: f"its conversation in {listed(chat)}"
    )
