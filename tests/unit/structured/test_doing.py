"""What an agent does now, and the first sentence of what it said."""

from __future__ import annotations

import pytest

from session_host.structured.doing import Steps, done_title, last_said
from session_host.structured.items import Item, Put, Remove, SetStatus, StateChanged
from session_host.structured.sentence import MAX_SENTENCE, first_sentence
from session_host.structured.transcript import Transcript


def tool(key: str, title: str, **fields: str) -> Put:
    return Put(Item(key, "tool", 1, status="running", title=title, **fields))  # type: ignore[arg-type]


def test_the_newest_step_that_runs_is_told() -> None:
    steps = Steps()
    assert steps.take([tool("1", "make check", tool="execute")]) == "Running make check"
    assert steps.take([tool("2", "Edit src/client.py", tool="edit")]) == "Editing src/client.py"
    assert steps.take([tool("3", "Read a.py", tool="read", parent="2")]) == "Editing src/client.py"
    assert steps.take([SetStatus("2", "done")]) == "Running make check"
    assert steps.take([Remove("1")]) == ""


@pytest.mark.parametrize(
    ("title", "fields", "expected"),
    [
        ("Edit src/a.py", {"tool": "edit"}, "Edited src/a.py"),
        ("Write src/a.py", {"tool": "edit"}, "Wrote src/a.py"),
        ("Delete src/a.py", {"tool": "delete"}, "Deleted src/a.py"),
        ("Patch src/a.py", {"tool": "edit"}, "Patch src/a.py"),
        ("Edit", {"tool": "edit"}, "Edit"),
        ("Edit src/a.py", {"tool": "edit", "status": "failed"}, "Edit src/a.py"),
        ("Edit src/a.py", {"tool": "edit", "status": "declined"}, "Edit src/a.py"),
        ("Write a haiku", {"tool": "other"}, "Write a haiku"),
        ("", {"tool": "edit"}, ""),
    ],
)
def test_an_edit_that_is_done_is_told_in_the_past(title: str, fields: dict[str, str], expected: str) -> None:
    assert done_title(Item("1", "tool", 1, title=title, **{"status": "done", **fields})) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "expected"), [("thought", "Thinking"), ("agent", "Writing")])
def test_a_message_is_told_while_it_comes(kind: str, expected: str) -> None:
    steps = Steps()
    assert steps.take([Put(Item("1", kind, 1, status="running"))]) == expected  # type: ignore[arg-type]
    assert steps.take([Put(Item("1", kind, 1, status="done"))]) == ""  # type: ignore[arg-type]


def test_between_turns_nothing_is_told_even_if_a_step_never_ended() -> None:
    steps = Steps(Item("1", "tool", 1, status="running", title="sleep 9", tool="execute"))
    assert steps.take([]) == "Running sleep 9"
    assert steps.take([StateChanged("idle")]) == ""


def test_a_turn_that_is_silent_says_so_in_place_of_its_step() -> None:
    steps = Steps(Item("1", "agent", 1, status="running"))
    silent = "Silent for 2 min: it waits for its model, or tries it again"
    assert steps.take([StateChanged("running", "t", silent)]) == silent
    assert steps.take([StateChanged("running", "t")]) == "Writing"
    steps.take([StateChanged("running", "t", silent)])
    assert steps.take([StateChanged("idle")]) == ""


def test_the_last_message_that_is_complete_was_said_last() -> None:
    transcript = Transcript()
    for item in (
        Item("1", "agent", 1, text="I look at it.", status="done"),
        Item("2", "agent", 1, text="All tests are green now. More.", status="done"),
        Item("3", "agent", 1, text="A sub-agent's words.", status="done", parent="9"),
        Item("4", "tool", 1, title="make", status="done"),
        Item("5", "agent", 1, text="Let me", status="running"),
    ):
        transcript.apply(Put(item))
    assert last_said(transcript) == "All tests are green now."
    assert last_said(Transcript()) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The tests pass now. I changed two files.", "The tests pass now."),
        ("Done. The tests pass now. More.", "Done. The tests pass now."),
        ("\n\n## Summary\nAll is well.", "## Summary"),
        ("- one thing\n- another", "one thing"),
        ("```sh\nmake\n```\nRun it.", "make"),
        ("---\n> quoted words, which are long enough", "quoted words, which are long enough"),
        ("version 1.2.3 is installed here", "version 1.2.3 is installed here"),
        ("終わりました。次はテストを書きます。それから文書も直します。", "終わりました。次はテストを書きます。"),
        ("", ""),
        ("```\n", ""),
    ],
)
def test_the_first_sentence_of_an_answer(text: str, expected: str) -> None:
    assert first_sentence(text) == expected


def test_a_long_sentence_is_cut() -> None:
    assert len(first_sentence("word " * 100)) == MAX_SENTENCE
