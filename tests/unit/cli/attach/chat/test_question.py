"""Keys and texts as answers: never by accident, and only to a question that was read completely."""

from __future__ import annotations

from session_host.cli.attach.chat.question import READ_S, ShownQuestion
from session_host.protocol.messages import AnswerRequest
from session_host.structured.items import AgentRequest, Question, RequestOption, digest

_OPTIONS = (
    RequestOption("1", "Allow", "allow_once"),
    RequestOption("2", "Always allow", "allow_always"),
    RequestOption("3", "Decline", "reject_once"),
    RequestOption("4", "Decline and stop", "cancel"),
)


def command(*, complete: bool = True) -> ShownQuestion:
    return ShownQuestion(AgentRequest("r", "command", 1, "Run?", "make", _OPTIONS, complete=complete))


def test_each_option_has_a_key() -> None:
    question = command()
    assert question.keys == {"1": "y", "2": "a", "3": "n", "4": "4"}
    answer = question.by_key("a")
    assert answer == AnswerRequest("r", "2", digest(question.request))
    assert question.by_key("x") is None
    assert question.hint == "▲ y allow · a always · n decline · 4"


def test_a_key_answers_only_a_question_that_was_read() -> None:
    question = command()
    assert "read it first" in question.problem("y", 10.0)
    question.note_seen(range(2), 3, 10.0)
    assert "read it first" in question.problem("y", 20.0)
    question.note_seen(range(2, 3), 3, 20.0)
    assert "just came" in question.problem("y", 20.0 + READ_S / 2)
    assert question.problem("y", 20.0 + READ_S) == ""


def test_several_suggestions_are_named_by_their_numbers() -> None:
    asked = (Question("a", "Which parts?", ("API", "UI", "docs"), several=True),)
    question = ShownQuestion(AgentRequest("r", "question", 1, "Which parts?", "", questions=asked))
    assert question.hint == "▲ Type answer (or 1–3, several: 1,2), then Enter"
    answer = question.by_text("1, 3,1")
    assert answer is not None
    assert answer.texts == {"a": "API\ndocs"}


def test_questions_are_answered_one_after_the_other_by_texts() -> None:
    questions = (Question("a", "Which?", ("sqlite", "postgres"), free=False), Question("b", "Password?", secret=True))
    question = ShownQuestion(AgentRequest("r", "question", 1, "Some things", "", _OPTIONS[:1], questions=questions))
    assert question.takes_text
    assert not question.has_key("y")
    assert question.hint == "▲ Type answer 1 of 2 (or 1–2), then Enter"
    assert question.problem_of_text("mysql") == "choose a number from 1 to 2"
    assert question.problem_of_text("2") == ""
    secret_before, nothing = question.is_secret, question.by_text("2")
    assert (secret_before, nothing, question.is_secret) == (False, None, True)
    assert question.problem_of_text(" ") == "type an answer first"
    answer = question.by_text("pass")
    assert answer is not None
    assert (answer.option, answer.texts) == ("", {"a": "postgres", "b": "pass"})
