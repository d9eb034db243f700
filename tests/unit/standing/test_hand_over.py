"""What the first prompt of a chat that takes over a task says, and who took over."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from session_host.protocol.facts import AgentStatus, ChatFacts, Entry, Origin
from session_host.protocol.turns import TurnFacts
from session_host.standing.hand_over import (
    Told,
    conversation_of,
    file_name,
    first_prompt,
    handed_words,
    name_beside,
    was_handed_over,
)


def test_the_prompt_names_the_task_the_file_the_plan_and_the_changes() -> None:
    told = Told(
        task="Rename the ledger in all importers.",
        last="Go on with the other three.",
        file="/state/handover-ledger.md",
        turns=41,
        size_bytes=98_000,
        open_steps=["sepa", "mt940", "camt"],
        lines=[(100, 90), (12, 8)],
    )

    assert first_prompt(told) == (
        "Go on with a task that another agent began.\n\n"
        "The task: Rename the ledger in all importers.\n\n"
        "The last prompt: Go on with the other three.\n\n"
        "Read first: /state/handover-ledger.md (the conversation, 41 turns, 96 KB)\n"
        "Plan: 3 steps are open: sepa; mt940; camt\n"
        "Changed, not committed: 2 files +112 −98"
    )


def test_what_is_unknown_is_left_out() -> None:
    assert first_prompt(Told()) == "Go on with a task that another agent began."
    assert first_prompt(Told(task="x", open_steps=["one"], lines=[(1, 0)])).endswith(
        "The task: x\n\nPlan: 1 step is open: one\nChanged, not committed: 1 file +1 −0"
    )


def test_long_texts_are_cut_and_many_steps_counted() -> None:
    prompt = first_prompt(Told(task="x" * 9000, open_steps=[f"step {number}\nmore" for number in range(20)]))
    assert "x…\n" in prompt
    assert prompt.endswith("step 11 more; and 8 more")
    assert len(prompt) < 3000


HIDDEN = "a\u200bb\u202ec\U000e0041\u00ad"
NEEDED = "\U0001f469\u200d\U0001f4bb می\u200cخواهم é"
"""An emoji and a word in which joiners are needed."""


def test_what_an_agent_said_is_legible_in_the_prompt() -> None:
    """The user reads what is sent in the user's name."""
    told = Told(task=HIDDEN + NEEDED, last=HIDDEN + NEEDED, open_steps=[HIDDEN + NEEDED])
    prompt = first_prompt(told)
    assert not set(prompt) & set("\u200b\u202e\U000e0041\u00ad")
    assert prompt.count(NEEDED) == 3
    assert prompt.count("a\\u200bb\\u202ec\\udb40\\udc41\\u00ad") == 3


def test_a_conversation_of_prompts_and_answers_is_a_document() -> None:
    document = conversation_of("ledger", "claude, /src", [("first\nline", "done"), ("second", "")])
    assert document == (
        "# ledger\n\nclaude, /src\n\n## 1. Prompt\n\nfirst\nline\n\n### Answer\n\ndone\n\n"
        "## 2. Prompt\n\nsecond\n\n### Answer\n\n(none)\n"
    )


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("Rename the ledger", "handover-rename-the-ledger.md"),
        ("../../etc/passwd", "handover-etc-passwd.md"),
        ("Ü …", "handover-chat.md"),
        ("x" * 90, f"handover-{'x' * 40}.md"),
    ],
)
def test_the_file_is_named_after_the_chat(name: str, file: str) -> None:
    assert file_name(name) == file


def test_a_chat_is_handed_over_until_it_works_again() -> None:
    chat = ChatFacts(Origin(id="a", agent="claude", argv=[], cwd="/", created_at=""), Entry(name="a"))
    entry = Entry(name="a", handed_to="b", handed_at="2026-11-30T15:00:00.000Z")

    unnamed = replace(chat, entry=Entry(name="api", default_name="api", topic="Rename the ledger"))
    assert (name_beside(chat, "Codex"), name_beside(unnamed, "Codex")) == ("a", "Rename the ledger (Codex)")

    def began(at: str) -> ChatFacts:
        return replace(chat, entry=entry, status=AgentStatus(last=TurnFacts(began=at)))

    assert not was_handed_over(chat)
    assert was_handed_over(replace(chat, entry=entry))
    assert was_handed_over(began("2026-11-30T14:00:00.000Z"))
    assert not was_handed_over(began("2026-11-30T16:00:00.000Z"))
    assert (handed_words("ledger (Codex)"), handed_words("")) == ("Handed over to ledger (Codex)", "Handed over")
