"""Questions for the page: a command once, each field with its kind and its limits in words."""

from __future__ import annotations

from typing import Any

import pytest

from session_host.client.machine import THIS_MACHINE
from session_host.structured.items import AgentRequest, Question, RequestOption, Takes, digest
from session_host.web.forms import Form
from session_host.web.questions import NO_LIMIT, question_of


def form(**fields: Any) -> Form:
    """The form of one question."""
    asked = AgentRequest("r", "question", 1, "Some things", "", questions=(Question("a", "Which?", **fields),))
    [found] = question_of(asked, THIS_MACHINE, "claude").forms
    return found


@pytest.mark.parametrize(
    ("takes", "field", "limits", "hint"),
    [
        (Takes(), {}, (0, NO_LIMIT), ""),
        (Takes("", 3, 20), {}, (3, 20), "3 to 20 characters"),
        (Takes(optional=True), {}, (0, NO_LIMIT), "may stay empty"),
        (Takes("email"), {"type": "email"}, (0, NO_LIMIT), "an e-mail address"),
        (Takes("date"), {"type": "date"}, (0, NO_LIMIT), "a date"),
        (
            Takes("integer", 1, 10),
            {"type": "number", "step": "1", "min": "1", "max": "10", "inputmode": "numeric"},
            (0, NO_LIMIT),
            "a whole number, 1 to 10",
        ),
        (
            Takes("number", most=0.5, optional=True),
            {"type": "number", "step": "any", "max": "0.5"},
            (0, NO_LIMIT),
            "a number, 0.5 at most, may stay empty",
        ),
        (Takes("number", -1), {"type": "number", "step": "any", "min": "-1"}, (0, NO_LIMIT), "a number, -1 or more"),
    ],
)
def test_a_field_is_of_the_kind_that_it_takes(
    takes: Takes, field: dict[str, str], limits: tuple[float, float], hint: str
) -> None:
    found = form(takes=takes)
    assert found.field == {"autocomplete": "off", **field}
    assert (found.least, found.most, found.hint, found.optional) == (*limits, hint, takes.optional)


def test_choices_have_a_field_only_if_another_answer_is_allowed() -> None:
    assert form(options=("x", "y"), free=False).field is None
    assert form(options=("x", "y")).field == {"autocomplete": "off"}
    secret = form(secret=True).field
    assert secret is not None
    assert secret["type"] == "password"
    several = form(options=("x", "y", "z"), free=False, several=True, takes=Takes("", 1, 2))
    assert (several.least, several.most, several.hint) == (1, 2, "1 to 2 answers")


@pytest.mark.parametrize(
    ("kind", "title", "subject", "shown"),
    [
        ("command", "Run npm test?", "npm test", "Run this command?"),
        ("command", "Run npm  test", "npm test", "Run this command?"),
        ("command", "Start the tests", "npm test", "Start the tests"),
        ("command", "Run?", "", "Run?"),
        ("edit", "Edit a.py", "a.py", "Edit a.py"),
    ],
)
def test_a_command_is_shown_once(kind: Any, title: str, subject: str, shown: str) -> None:
    assert question_of(AgentRequest("r", kind, 1, title, subject), THIS_MACHINE, "codex").title == shown


def test_a_question_has_the_digest_that_hosts_of_0_1_0_compute() -> None:
    questions = (
        Question("a", "Which?", ("x", "y"), free=False, several=True, descriptions=("one",)),
        Question("b", "Why?", takes=Takes("integer", 1, 2, optional=True)),
    )
    no = RequestOption("no", "Decline", "reject_once")
    assert digest(AgentRequest("r", "question", 5, "Two things", "", (no,), questions=questions)) == _OF_0_1_0


_OF_0_1_0 = "0bb5a922396b3b4007c6d59c51a88575"
