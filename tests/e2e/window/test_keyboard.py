"""The keyboard is the user's: keys reach what he typed them for, whatever agents and programs do meanwhile."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from tests.programs import Gate
from tests.support.area import Area
from tests.support.commands import OUTLIVE
from tests.support.structured_chats import wait_for_text
from tests.support.waiting import wait_until
from tests.support.windows import Window, outlive

from .conftest import WAIT_S, NewChat, OpenWindow, chat_text, new_echo

pytestmark = pytest.mark.e2e

AGENT = """\
title = "Asker"
executable = "asker"
start = ["asker", "{arguments}", "{prompt}"]
monogram = "As"
position = 1

[signals]
ends_all = true
"""

PROGRAM = """\
#!/bin/sh
case "$1" in --version|--help) exit ;; esac
printf '\\033]7501;state=blocked:msg=UnVuIHJtIC1yPw==\\007'
echo "Run rm -r? Enter: yes"
while head -c 1 GATE >/dev/null; do
    for words in "window show $OUTLIVE_SESSION" "window next" "window new" "window toggle" "" ; do
        COMMAND $words
    done
    echo "requested"
done &
read answer; echo "approved"
exec cat
"""


@pytest.fixture
def asker(area: Area, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installs an agent that asks, and tries all ways to the front each time the gate is released."""
    programs = area.root / "bin"
    programs.mkdir()
    program = PROGRAM.replace("GATE", shlex.quote(str(gate.path))).replace("COMMAND", shlex.join(OUTLIVE))
    (programs / "asker").write_text(program)
    (programs / "asker").chmod(0o700)
    (area.config / "agents").mkdir()
    (area.config / "agents" / "asker.toml").write_text(AGENT)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")


def new_asker(area: Area) -> dict[str, Any]:
    chat: dict[str, Any] = json.loads(outlive("new", "asker", "-d", "--json", "-n", "asks", "-C", str(area.home)))
    wait_for_text(chat["id"], "Enter: yes")
    return chat


def active(app: Window) -> list[str]:
    return [tab["name"] for tab in app.tabs() if tab["active"]]


def test_an_enter_typed_for_another_chat_never_approves_what_an_agent_brings_to_the_front(
    asker: None, area: Area, new_chat: NewChat, open_window: OpenWindow, gate: Gate
):
    asks, mine = new_asker(area), new_echo(new_chat, "mine")
    with open_window() as app:
        app.show(asks["id"])
        app.show(mine["id"])
        app.wait_connected([mine["id"]])
        app.focus()
        app.type("first ")
        gate.release()
        wait_for_text(asks["id"], "requested")
        app.type("second")
        app.press("Return")
        wait_until(lambda: "second" in chat_text(mine["id"]), WAIT_S, "the keys in the user's chat")
        assert active(app) == ["mine"]
        assert [tab["name"] for tab in app.tabs()] == ["asks", "mine"], "no sheet has taken the keys for a new chat"
        text = chat_text(asks["id"])
        assert "approved" not in text
        assert "asked the user to look at asks" in text
        app.press("ctrl+shift+j")  # The user's own hand goes there.
        wait_until(lambda: active(app) == ["asks"], WAIT_S, "the chat that asks for attention")
        app.press("Return")
        wait_for_text(asks["id"], "approved")
