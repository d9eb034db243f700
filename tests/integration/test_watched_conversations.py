"""The conversation that a host finds: by the transcripts of Gemini CLI, and by the title that opencode sets."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.area import Area
from tests.support.commands import outlive
from tests.support.conversing import listed, see
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("sessions")

CATALOG = """
title = "Mine"
executable = "sh"
start = ["sh", "{script}", "{{conversation}}"]
monogram = "M"
[conversation]
preset = {preset}
resume = ["sh", "{script}", "{{conversation}}"]
[signals]
transcripts = "gemini"
[signals.titles]
"^W" = "working"
"^I" = "idle"
"""

SCRIPT = """
printf '\\033]2;I\\007ready\\n'
while read word file; do
    printf '\\033]2;W\\007'
    cat "$file.begin" >> "$file" 2>/dev/null && rm "$file.begin"
    echo '{"type":"user","content":"x"}' >> "$file"
    read end
    printf '\\033]2;I\\007did %s\\n' "$word"
done
"""
"""An agent for which a line of input begins a turn that creates or extends a transcript; the next line ends it."""

FIRST, SECOND, THIRD = (f"{digit * 8}-1111-4111-8111-111111111111" for digit in "abc")


@pytest.fixture
def chats(area: Area) -> Path:
    directory = area.home / ".gemini" / "tmp" / "project" / "chats"
    directory.mkdir(parents=True)
    return directory


def transcript(chats: Path, conversation: str, project: Path, *, begun: bool) -> Path:
    """Prepare a transcript; returns its path. Without ``begun``, the first turn that writes to it creates it."""
    path = chats / f"session-2026-11-21T10-00-{conversation[:8]}.jsonl"
    head = {"sessionId": conversation, "projectHash": hashlib.sha256(str(project).encode()).hexdigest()}
    place = path if begun else path.with_name(f"{path.name}.begin")
    place.write_text(json.dumps(head) + "\n")
    return path


def start(area: Area, project: Path, *, preset: bool) -> str:
    script = project / "script"
    script.write_text(SCRIPT)
    (area.config / "agents").mkdir()
    (area.config / "agents" / "mine.toml").write_text(CATALOG.format(script=script, preset=str(preset).lower()))
    chat = str(outlive("new", "mine", "--json", "-C", str(project)).json()["id"])
    see(chat, "ready")
    return chat


def turn(chat: str, word: str, path: Path) -> None:
    assert outlive("send", chat, f"{word} {path}", "--enter").code == 0
    assert outlive("send", chat, "--enter").code == 0
    see(chat, f"did {word}")


def wait_until_in(chat: str, conversation: str) -> None:
    wait_until(lambda: listed(chat)["provider_session_id"] == conversation, 10, lambda: f"it in {listed(chat)}")


def test_after_clear_the_new_conversation_is_known_although_other_transcripts_change(
    area: Area, chats: Path, tmp_path: Path
) -> None:
    other = transcript(chats, THIRD, tmp_path, begun=True)
    chat = start(area, tmp_path, preset=True)
    current = listed(chat)["provider_session_id"]
    turn(chat, "one", transcript(chats, current, tmp_path, begun=False))
    new = transcript(chats, SECOND, tmp_path, begun=False)
    with other.open("a") as file:
        file.write("{}\n")

    turn(chat, "two", new)
    turn(chat, "three", new)

    wait_until_in(chat, SECOND)


def test_a_continued_latest_conversation_is_known_by_the_first_turn(area: Area, chats: Path, tmp_path: Path) -> None:
    latest = transcript(chats, FIRST, tmp_path, begun=True)
    transcript(chats, THIRD, tmp_path, begun=True)
    chat = start(area, tmp_path, preset=False)
    assert listed(chat)["provider_session_id"] is None

    turn(chat, "one", latest)

    wait_until_in(chat, FIRST)


TITLED_CATALOG = """
title = "Mine"
executable = "sh"
start = ["sh", "-c", 'printf "\\033]2;OC | Apples\\007"; cat']
monogram = "M"
[signals]
titled = "opencode"
"""


def test_a_chat_without_the_plugin_library_knows_its_conversation(area: Area, tmp_path: Path) -> None:
    (area.config / "agents").mkdir()
    (area.config / "agents" / "mine.toml").write_text(TITLED_CATALOG)
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
