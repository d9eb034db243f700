"""At an amount of money, the next prompt waits for its user's word: it is neither sent nor lost."""

from __future__ import annotations

import pytest

from session_host.protocol.messages import Interrupt, PassAmount, ReleaseHeld, SendNow, WithdrawPrompt
from session_host.structured.dialects.base import Start
from session_host.structured.operations import LookAtAmount, OperationDone
from session_host.structured.rules import Step, StructuredRules, lost_operations
from tests.unit.structured.test_rules import Chat, ScriptedDialect, prompt

WORDS = "10.04 USD of 10.00 in this chat"


class Asked(Chat):
    """A chat whose user has set an amount; ``reached`` says what a look finds."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = ""
        self.looks = 0
        self.hear("ready")
        self.see(is_set=True)
        self.sent.clear()

    def see(self, *, is_set: bool) -> None:
        self._take(self.rules.see_amount(2, is_set=is_set))

    def _take(self, step: Step) -> Step:
        super()._take(step)
        for each in step.operations:
            assert isinstance(each, LookAtAmount)
            self.looks += 1
            super()._take(self.rules.result(OperationDone(each.id, self.reached), 3))
        return step

    def prompts(self) -> list[tuple[str, str, str]]:
        """The prompts that are not done, with their states and what is asked about them."""
        return [(each.text, each.status, each.title) for each in self.transcript if each.status != "done"]


@pytest.fixture
def chat() -> Asked:
    return Asked()


def test_a_prompt_is_sent_if_no_amount_is_reached(chat: Asked) -> None:
    chat.do(prompt("one"))
    assert chat.sent == [{"prompt": "one"}]
    chat.hear("accept", "end")
    chat.do(prompt("two"))
    assert chat.sent[-1] == {"prompt": "two"}
    assert chat.looks == 2, "before each turn"


def test_a_prompt_waits_at_an_amount_with_the_others_behind_it(chat: Asked) -> None:
    chat.reached = WORDS
    chat.do(prompt("one"))
    chat.do(prompt("two"))
    assert chat.sent == []
    assert chat.prompts() == [("one", "held", WORDS), ("two", "queued", "")]
    assert [each.is_asked_about for each in chat.transcript] == [True, False]
    assert chat.looks == 1
    assert not chat.rules.state.may_time_out


def test_the_queue_is_looked_at_when_a_turn_ends(chat: Asked) -> None:
    chat.do(prompt("one"))
    chat.hear("accept")
    chat.do(prompt("two"))
    chat.reached = WORDS
    chat.hear("end")
    assert chat.sent == [{"prompt": "one"}]
    assert chat.prompts() == [("two", "held", WORDS)]


def test_one_prompt_passes_and_the_next_one_is_asked_about(chat: Asked) -> None:
    chat.reached = WORDS
    chat.do(prompt("one"))
    chat.do(prompt("two"))
    assert chat.do(PassAmount("me-2")).refusal is None
    assert chat.sent == [{"prompt": "two"}]
    chat.hear("accept", "end")
    assert chat.prompts() == [("one", "held", WORDS)]
    chat.do(PassAmount(chat.rules.state.queue[0].id))
    assert chat.sent == [{"prompt": "two"}, {"prompt": "one"}]
    assert chat.do(PassAmount("gone")).refusal is not None


def test_the_next_prompt_may_be_let_through_before_it_is_there(chat: Asked) -> None:
    chat.reached = WORDS
    chat.do(PassAmount())
    chat.do(prompt("one"))
    chat.do(prompt("two"))
    chat.hear("accept", "end")
    assert (chat.sent, chat.prompts()) == ([{"prompt": "one"}], [("two", "held", WORDS)])


def test_after_a_raise_it_is_looked_at_again(chat: Asked) -> None:
    chat.reached = WORDS
    chat.do(prompt("one"))
    chat.do(ReleaseHeld())
    assert chat.prompts() == [("one", "held", WORDS)]
    chat.reached = ""
    chat.do(ReleaseHeld())
    assert chat.sent == [{"prompt": "one"}]


def test_without_an_amount_all_are_sent(chat: Asked) -> None:
    chat.reached = WORDS
    chat.do(prompt("one"))
    chat.see(is_set=False)
    assert chat.sent == [{"prompt": "one"}]


def test_a_prompt_that_is_asked_about_can_be_taken_back(chat: Asked) -> None:
    chat.reached = WORDS
    chat.do(prompt("one"))
    chat.do(prompt("two"))
    chat.do(WithdrawPrompt("me-1"))
    assert chat.prompts() == [("one", "withdrawn", WORDS), ("two", "held", WORDS)]
    chat.do(ReleaseHeld(discard=True))
    assert [each[1] for each in chat.prompts()] == ["withdrawn", "withdrawn"]
    assert chat.do(ReleaseHeld()).refusal is not None


def test_another_prompt_that_is_sent_now_is_looked_at(chat: Asked) -> None:
    chat.reached = WORDS
    chat.do(prompt("one"))
    chat.do(prompt("two"))
    chat.do(SendNow("me-2"))
    assert chat.sent == []
    assert sorted(chat.prompts()) == [("one", "queued", ""), ("two", "held", WORDS)]


def test_a_running_turn_is_not_stopped_and_takes_texts(chat: Asked) -> None:
    chat.do(prompt("one"))
    chat.hear("steerable", "accept")
    chat.reached = WORDS
    chat.do(prompt("and this", "steer"))
    assert chat.transcript.status.state == "running"
    chat.do(Interrupt())
    assert chat.looks == 1


def test_the_next_host_looks_again(chat: Asked) -> None:
    step = chat.rules.receive_input(prompt("one"), 3, by="window")
    assert [type(each) for each in step.operations] == [LookAtAmount]
    other = StructuredRules(ScriptedDialect, Start(directory="/"), "me")
    other.load(*chat.rules.save())
    results, operations = lost_operations(other.state)
    assert (results, operations) == ([], list(step.operations))
    assert other.result(OperationDone(operations[0].id, WORDS), 4).changes
    assert other.state.at_amount == WORDS


def test_a_look_that_fails_stops_nobody(chat: Asked) -> None:
    step = chat.rules.receive_input(prompt("one"), 3, by="window")
    chat._take(chat.rules.result(OperationDone(step.operations[0].id, error="the disk is full"), 4))
    assert chat.sent == [{"prompt": "one"}]


def test_the_end_leaves_it_unsent(chat: Asked) -> None:
    chat.reached = WORDS
    chat.do(prompt("one"))
    chat.end()
    assert [each[1] for each in chat.prompts()] == ["unsent"]
