"""The choice of a question and of its option."""

from __future__ import annotations

import pytest

from session_host.cli.answers import choose, subject_line
from session_host.errors import OutliveError
from session_host.structured.answers import Intent
from session_host.structured.items import AgentRequest, OptionKind, RequestOption

_ALL: tuple[OptionKind, ...] = ("allow_always", "allow_once", "reject_always", "cancel", "reject_once")


def request(*kinds: OptionKind, complete: bool = True, subject: str = "make") -> AgentRequest:
    options = tuple(RequestOption(kind, kind, kind) for kind in kinds)
    return AgentRequest("r", "command", 1, "Run make?", subject, options, complete=complete)


@pytest.mark.parametrize(
    ("intent", "kinds", "chosen"),
    [
        ("allow", _ALL, "allow_once"),
        ("allow_always", _ALL, "allow_always"),
        ("deny", _ALL, "reject_once"),
        ("deny", ("allow_once", "reject_always", "cancel"), "cancel"),
        ("deny", ("allow_once", "reject_always"), "reject_always"),
    ],
)
def test_the_mildest_option_of_an_outcome_is_chosen(intent: Intent, kinds: tuple[OptionKind, ...], chosen: str) -> None:
    assert choose(request(*kinds), intent, "x").id == chosen


@pytest.mark.parametrize(
    ("intent", "kinds", "complete", "why"),
    [
        ("allow_always", ("allow_once",), True, "leave --always out"),
        ("allow", ("allow_always",), True, "use --always"),
        ("allow", ("choice",), True, "offers other answers: choice"),
        ("deny", ("allow_once",), True, "offers other answers: allow_once"),
        ("allow", _ALL, False, "can only be declined"),
        ("allow_always", _ALL, False, "outlive deny x"),
    ],
)
def test_an_answer_that_is_not_offered_is_refused(
    intent: Intent, kinds: tuple[OptionKind, ...], complete: bool, why: str
) -> None:
    with pytest.raises(OutliveError, match=why):
        choose(request(*kinds, complete=complete), intent, "x")


def test_a_change_of_the_agents_mode_is_not_taken_for_always_allowing_a_call() -> None:
    edit = AgentRequest(
        "r",
        "edit",
        1,
        "Edit a?",
        "a",
        (
            RequestOption("allow", "Allow once", "allow_once"),
            RequestOption("mode acceptEdits", "Allow, and accept edits from now on", "allow_always", sets_mode=True),
        ),
        complete=True,
    )
    with pytest.raises(OutliveError, match="but: Allow once, Allow, and accept edits from now on; leave --always out"):
        choose(edit, "allow_always", "x")


@pytest.mark.parametrize(
    ("subject", "line"),
    [("make\nmake install", "make ⏎ make install"), ("a\x1b[8mb", "a\\u001b[8mb"), ("", "Run make?")],
)
def test_the_line_about_a_question_makes_control_characters_visible(subject: str, line: str) -> None:
    assert subject_line(request(subject=subject)) == line
