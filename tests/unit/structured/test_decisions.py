"""What users decided about the questions of agents, as all fronts tell it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from session_host.protocol.messages import AnswerRequest
from session_host.structured.answers import Refusal, first_answer
from session_host.structured.decisions import decision, in_lines, in_turn, told
from session_host.structured.items import AgentRequest, Item, Question, RequestOption, RequestResolved, digest
from session_host.web.conversations import _of_transcript
from tests.support.scripted_chat import ALLOW, ALWAYS, BEGAN_MS, DECLINE, ScriptedChat, command_request

EDIT = AgentRequest(
    "e", "edit", 1, "Edit a.py?", "--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-a\n+b\n", (ALLOW, DECLINE), item="i2"
)
RUN = command_request("rm -rf build", item="i3")
QUESTION = AgentRequest(
    "q", "question", 1, "Which column?", "", questions=(Question("0", "Which column holds the currency?"),), item="i4"
)


def resolved(request: AgentRequest, option: RequestOption | None, **fields: object) -> RequestResolved:
    chosen = (
        RequestResolved(request.id, option.id, option.name, "window", 5, option.kind) if option is not None else None
    )
    return replace(chosen or RequestResolved(request.id, "", at_ms=5), **fields)


@pytest.mark.parametrize(
    ("request_", "answer", "expected"),
    [
        (EDIT, resolved(EDIT, ALLOW), "Allowed a.py"),
        (RUN, resolved(RUN, ALWAYS), "Allowed rm -rf build · Always allow make"),
        (RUN, resolved(RUN, DECLINE), "Declined rm -rf build"),
        (RUN, resolved(RUN, DECLINE, words="Only build.\nPlease"), "Declined rm -rf build · “Only build. Please”"),
        (RUN, resolved(RUN, DECLINE, kind=""), "Declined rm -rf build"),
        (RUN, resolved(RUN, None), "Withdrawn rm -rf build"),
        (
            QUESTION,
            RequestResolved("q", "text", "amount_currency", "page", 5),
            "Answered Which column holds the currency? · amount_currency",
        ),
    ],
)
def test_a_decision_says_what_it_was_about(request_: AgentRequest, answer: RequestResolved, expected: str) -> None:
    assert told([decision(request_, answer)]) == expected


def test_all_that_was_allowed_in_a_turn_is_one_line_where_the_last_one_is() -> None:
    again = replace(RUN, short_subject="make check")
    decided = [
        decision(EDIT, resolved(EDIT, ALLOW, at_ms=1)),
        decision(RUN, resolved(RUN, DECLINE, at_ms=2)),
        decision(again, resolved(RUN, ALLOW, at_ms=3)),
    ]
    assert [told(each) for each in in_lines(decided)] == ["Declined rm -rf build", "Allowed a.py and make check"]
    more = [decision(EDIT, resolved(EDIT, ALLOW, at_ms=each)) for each in (4, 5)]
    assert told(in_lines([*decided, *more])[-1]) == "Allowed 3 edits and make check"


def test_a_declined_call_of_which_the_question_is_not_known_is_told_and_one_with_it_only_once() -> None:
    items = [Item("i3", "tool", 7, command="rm -rf build", status="declined"), Item("i9", "agent", 8, text="Done.")]
    assert [told([each]) for each in in_turn(items, {})] == ["Declined rm -rf build"]
    known = decision(RUN, resolved(RUN, DECLINE, words="No."))
    assert in_turn(items, {"i3": [known]}) == [known]


def test_the_words_of_a_refusal_are_kept_and_those_with_a_yes_are_not() -> None:
    def answer(option: str) -> RequestResolved | Refusal:
        given = AnswerRequest(RUN.id, option, digest(RUN), {"": " Only build. "})
        return first_answer(given, {RUN.id: RUN}, {}, by="window", now_ms=5)

    declined, allowed = answer("no"), answer("yes")
    assert isinstance(declined, RequestResolved)
    assert isinstance(allowed, RequestResolved)
    assert (declined.words, allowed.words) == ("Only build.", "")


def test_the_page_for_the_phone_has_the_decisions_of_each_turn() -> None:
    chat = ScriptedChat()
    chat.put("user", "Clean up", status="done", turn="t1")
    chat.run()
    item = chat.put("tool", tool="execute", command="rm -rf build", status="declined", turn="t1")
    chat.ask(replace(RUN, item=item))
    chat.apply(RequestResolved(RUN.id, "no", "Decline", "window", BEGAN_MS, "reject_once", "Only build."))
    chat.put("agent", "Removed nothing.", status="done", turn="t1")
    [turn] = _of_transcript(chat.transcript).turns
    assert [(each.kind, each.words) for each in turn.decided] == [("declined", "Declined rm -rf build · “Only build.”")]
