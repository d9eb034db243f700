"""The conversation of a chat with Gemini CLI, found by the transcripts that grow during its turns."""

from __future__ import annotations

import hashlib
import json

from session_host.agents.conversations.gemini_turns import GeminiTurns

OWN, NEW, OTHER = (f"{digit * 8}-1111-4111-8111-111111111111" for digit in "abc")
PROJECT = "/srv/app"


class Disk:
    """Sizes of transcripts by conversation; ``turn`` is one turn of the chat, in which some of them grow."""

    def __init__(self, *there: str, named: str = "") -> None:
        self.sizes = dict.fromkeys(there, 10)
        self.named = named.encode()
        self.turns = GeminiTurns(PROJECT, dict(self.sizes))

    def turn(self, conversation: str, *grown: str, project: str = PROJECT) -> str:
        for each in grown:
            self.sizes[each] = self.sizes.get(each, 0) + 10
        project_hash = hashlib.sha256(project.encode()).hexdigest()
        lines = {
            each: json.dumps({"sessionId": each, "projectHash": project_hash}).encode()
            for each in self.turns.written(dict(self.sizes))
        }
        return self.turns.conversation(
            conversation, lines, lambda: [b"node\0gemini\0--session-id\0" + self.named + b"\0"]
        )


def test_the_chats_own_transcript_grew() -> None:
    assert Disk(OWN).turn(OWN, OWN, NEW) == ""


def test_only_a_new_transcript_grew() -> None:
    assert Disk(OWN).turn(OWN, NEW) == NEW


def test_a_transcript_from_before_the_start_is_another_chats_unless_the_own_is_unknown() -> None:
    assert Disk(OWN, OTHER).turn(OWN, OTHER) == ""
    assert Disk(OTHER).turn("", OTHER) == OTHER


def test_a_transcript_named_in_another_process_belongs_to_that_process() -> None:
    assert Disk(OWN, named=OTHER).turn(OWN, NEW, OTHER) == NEW
    assert Disk(OWN, named=OTHER).turn(OWN, OTHER) == ""


def test_a_transcript_of_another_project_does_not_count() -> None:
    assert Disk(OWN).turn(OWN, NEW, project="/srv/other") == ""
    disk = Disk()
    assert disk.turn("", NEW, OTHER) == ""
    assert disk.turn("", OWN, project="/srv/other") == ""
    assert disk.turn("", NEW) == NEW, "the other project's transcript changed nothing"


def test_the_next_turn_decides_between_two_candidates() -> None:
    disk = Disk(OWN)
    assert disk.turn(OWN, NEW, OTHER) == ""
    assert disk.turn(OWN) == "", "nothing was written"
    assert disk.turn(OWN, NEW) == NEW


def test_a_damaged_transcript_names_no_conversation() -> None:
    turns = GeminiTurns(PROJECT, {})
    for line in (b"", b"[]", b'{"sessionId": 1}', b"[" * 100_000, b"\xff"):
        assert turns.conversation(OWN, {"x": line}, list) == ""
