"""The conversation of Gemini CLI after ``/clear``, and after continuing the latest one."""

from __future__ import annotations

import hashlib
import json
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
    printf '\\033]2;I\\007did %s\\n' "$word"
done
"""
"""An agent for which each line of input is a turn that creates or extends a transcript."""

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
