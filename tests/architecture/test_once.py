"""What is read, counted or said in one place: in a second one, fronts would differ."""

from __future__ import annotations

import re

import pytest

from tests.architecture.source_tree import python_files, text

PLACES = {
    "what was done in a turn": (r"(?<!class )\bTurnWork\(\s*\w", {"session_host/structured/turns.py"}),
    "the questions of a chat, as its host sends them": (
        r"Decoder\(list\[AgentRequest\]\)",
        {"session_host/client/questions.py"},
    ),
    "the events that another machine prints": (r"Decoder\(EventLine\)", {"session_host/machines/events.py"}),
    "the parts of a cursor: of the ledger, and of what the page's devices were told": (
        r"cursor\.partition\(",
        {"session_host/storage/store/ledger.py", "session_host/web/following.py"},
    ),
    "that the store's file has changed": (r"add_watch\(database\(\)", {"session_host/client/sessions/following.py"}),
    "the lines of a patch, for eyes": (r"_UNNUMBERED_HUNK\b", {"session_host/structured/patches.py"}),
    "the numbers in a hunk's head": (
        r"compile\(r\"@@ -",
        {"session_host/structured/patches.py", "session_host/client/worktrees/taking_back.py"},
    ),
    "a duration in two units, and an age in one": (
        r"\((?:3600|HOUR_S), \"h\"",
        {"session_host/protocol/shown_duration.py", "session_host/standing/ages.py"},
    ),
}
"""What a place does, how its code is known, and the files with it."""


@pytest.mark.parametrize("what", PLACES)
def test_this_is_done_in_one_place(what: str) -> None:
    pattern, expected = PLACES[what]
    found = {str(path) for path in python_files("session_host", "gui") if re.search(pattern, text(path))}
    assert found == expected, f"{what}: {len(found)} files"


def test_the_list_of_chats_makes_no_transcript() -> None:
    makes = {str(path) for path in python_files("gui/window/sidebar") if "Transcript(" in text(path)}
    assert not makes, "gui/chat/page has a page for one question"
