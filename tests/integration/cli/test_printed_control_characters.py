"""Names, titles and directories of chats are printed without control characters."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from session_host.client.sessions.store_access import open_store
from session_host.protocol.values import GridSize
from tests.support.area import Area
from tests.support.commands import OnTerminal, new, outlive

pytestmark = pytest.mark.usefixtures("sessions")

ASTRAY = "\x1b]0;owned\x07\x1b[2J\x9b31m\x7f\u202etxt.exe\u2066"
RAW = set("\x1b\x07\x7f\x80\x9b\u202e\u2066\r\t")


def assert_harmless(text: str) -> None:
    assert not RAW & set(text), repr(text)


def test_escape_sequences_in_title_and_directory_are_not_printed(area: Area) -> None:
    directory = area.home / f"in{ASTRAY}"
    directory.mkdir()
    session = new(
        "-n",
        "one",
        "-C",
        str(directory),
        "--",
        "bash",
        "-c",
        f"printf '\\033]2;%s\\033\\\\' $'ti\\u009b31m\\u202etle\\x7f'; echo told; cat; : '{ASTRAY}'",
    )
    assert outlive("wait", session, "--text", "told", "--timeout", "60").code == 0
    commands = [
        ["ls"],
        ["ls", "--all"],
        ["ls", "--json"],
        ["peek", "one"],
        ["peek", "one", "--json"],
        ["doctor"],
        ["doctor", "--json"],
        ["rename", "one", f"x{ASTRAY}"],
        ["peek", f"no{ASTRAY}"],
        ["new", f"agent{ASTRAY}"],
        [f"subcommand{ASTRAY}"],
        ["new", "-C", f"/nowhere{ASTRAY}", "--", "true"],
        ["wait", "one", "--text", f"[{ASTRAY}"],
        ["send", "one", "--key", f"key{ASTRAY}"],
        ["kill-all"],
        ["new", "--", f"no-such{ASTRAY}"],
        ["new", "-e", f"no-such{ASTRAY}", "--", "true"],
    ]
    for words in commands:
        done = outlive(*words)
        assert_harmless(done.output)
        assert_harmless(done.error)
        assert done.error.count("\n") <= 1, done.error
    [info] = outlive("ls", "--json").json()
    assert info["title"] == "ti31mtle", "C1 controls and direction marks are gone, the rest is unchanged"
    assert info["cwd"] == str(directory), "JSON says what is true, in escapes"
    assert outlive("kill", "one").code == 0
    [info] = json.loads(outlive("ls", "--all", "--json").output)
    assert info["title"] == "ti31mtle"
    assert_harmless(outlive("ls", "--all").output)


def test_escape_sequences_in_a_stored_name_are_not_printed(area: Area) -> None:
    session = new("-n", "one", "--", "sh", "-c", "exit 3")
    assert outlive("wait", session, "--exited", "--timeout", "60").code == 0
    with open_store() as store:
        store.update(session, name=f"na{ASTRAY}me", title=f"ti{ASTRAY}tle")
    for words in (
        ["ls", "--all"],
        ["ls", "--all", "--json"],
        ["attach", session],
        ["send", session, "x"],
        ["peek", session],
    ):
        done = outlive(*words)
        assert_harmless(done.output)
        assert_harmless(done.error)


def test_the_question_of_kill_all_prints_names_without_escape_sequences(area: Area) -> None:
    session = new("-n", "one", "--", "cat")
    with open_store() as store:
        store.update(session, name=f"na{ASTRAY}me")
    with OnTerminal("kill-all", size=GridSize(120, 24)) as terminal:
        terminal.see("[y/N]")
        output = bytes(terminal.raw).decode()
        assert "\x1b" not in output
        assert "\x9b" not in output
        terminal.type("n\r")
        assert terminal.end() == 1
    assert outlive("kill", session).code == 0


def test_a_directory_name_that_is_not_utf8_is_reported_in_one_line(area: Area) -> None:
    """File names are bytes: a name that is not valid UTF-8 is reported in one line, without a traceback."""
    directory = Path(os.fsdecode(os.fsencode(area.home) + b"/bad\xff"))
    directory.mkdir()
    done = outlive("new", "-d", "--", "cat", cwd=directory)
    assert done.code == 2, done
    assert "not valid UTF-8" in done.complaint()
    done = outlive("new", "-d", "-C", str(area.home), "--", "cat", cwd=directory)
    assert done.code == 0, done.error
    assert outlive("kill-all", "--yes").code == 0
    directory.rmdir()
