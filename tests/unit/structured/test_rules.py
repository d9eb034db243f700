"""The rules of a structured chat: prompts, answers, and the end."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from session_host.protocol.launch import StructuredLaunch, Watch
from session_host.protocol.messages import (
    AnswerRequest,
    ChatInput,
    Interrupt,
    Prompt,
    ReleaseHeld,
    SendChatInput,
    SendNow,
    WithdrawPrompt,
)
from session_host.protocol.values import ErrorCode
from session_host.session.effects import AppendRecord, Effect
from session_host.session.structured_session import StructuredSession
from session_host.structured.answers import first_answer
from session_host.structured.copied_items import copied_items
from session_host.structured.dialects.base import Chosen, DialectPort, Start, UserPrompt
from session_host.structured.items import (
    NOT_STOPPED,
    AgentRequest,
    Append,
    Capabilities,
    CapabilitiesKnown,
    FileChange,
    Item,
    Put,
    Question,
    RequestOpened,
    RequestOption,
    RequestResolved,
    SetStatus,
    StateChanged,
    TurnOver,
    UsageChanged,
    digest,
)
from session_host.structured.lines import AgentLine, LineSplitter
from session_host.structured.operations import AnyResult
from session_host.structured.rules import QUIET, QUIET_S, STOPPING, STOPPING_S, Step, StructuredRules
from session_host.structured.transcript import Transcript


class ScriptedDialect:
    """A dialect that knows these lines of the agent: "ready", "accept", "refuse", "say TEXT", "ask COMMAND", "end",
    "stop" (the turn was interrupted), "edit ID STATUS FILE…", "total TOKENS", "break".
    """

    def __init__(self, port: DialectPort) -> None:
        self._port = port
        self._turns = 0
        self._prompt = ""

    def begin(self, start: Start) -> None:
        self._port.send({"begin": start.directory})
        self._port.emit(CapabilitiesKnown(Capabilities(steer=True)))

    def receive(self, line: bytes) -> None:
        word, _, text = line.decode().partition(" ")
        port, turn = self._port, f"t{self._turns}"
        match word:
            case "ready":
                port.ready()
            case "accept":
                self._turns += 1
                port.accepted(self._prompt, f"t{self._turns}")
                port.emit(StateChanged("running", f"t{self._turns}"))
                port.emit(Put(Item(f"a{self._turns}", "agent", port.now_ms, status="running", turn=turn)))
            case "refuse":
                port.refused(self._prompt, text)
            case "late":
                port.too_late(self._prompt)
            case "say":
                port.emit(Append(f"a{self._turns}", text))
            case "ask":
                options = (RequestOption("yes", "Allow", "allow_once"), RequestOption("no", "Decline", "reject_once"))
                request = AgentRequest(f"r{turn}", "command", port.now_ms, f"Run {text}?", text, options)
                port.emit(StateChanged("requires_action", turn))
                port.emit(RequestOpened(request))
            case "withdraw":
                port.emit(RequestResolved(f"r{turn}", "", at_ms=port.now_ms))
            case "edit":
                item, status, *paths = text.split()
                changes = tuple(FileChange(each, "") for each in paths)
                port.emit(Put(Item(item, "tool", port.now_ms, status=status, turn=turn, changes=changes)))  # type: ignore[arg-type]
            case "total":
                total, _, of_conversation = text.partition(" ")
                port.emit(UsageChanged(0, 0, int(total), read=int(total), of_conversation=of_conversation))  # type: ignore[arg-type]
            case "end" | "stop":
                port.emit(SetStatus(f"a{self._turns}", "done", port.now_ms))
                port.emit(TurnOver(turn, "completed" if word == "end" else "interrupted"))
                port.emit(StateChanged("idle"))
            case _:
                raise ValueError(word)

    def prompt(self, prompt: UserPrompt) -> None:
        self._prompt = prompt.id
        self._port.send({"prompt": prompt.text})

    def steer(self, prompt: UserPrompt) -> None:
        self._prompt = prompt.id
        self._port.send({"steer": prompt.text})

    def interrupt(self) -> None:
        self._port.send({"interrupt": True})

    def answer(self, request: AgentRequest, answer: Chosen) -> None:
        self._port.send({"answer": answer.option})
        self._port.emit(StateChanged("running", f"t{self._turns}"))

    def change_setting(self, setting: str, value: str) -> None:
        self._port.send({setting: value})

    def timer_due(self, name: str) -> None:
        self._port.send({"timer": name})

    def save(self) -> bytes:
        return msgspec.msgpack.encode((self._turns, self._prompt))

    def take_result(self, result: AnyResult) -> None:
        raise NotImplementedError

    def load(self, state: bytes) -> None:
        saved: Any = msgspec.msgpack.decode(state)
        self._turns, self._prompt = saved


class Chat:
    """Rules and their transcript."""

    def __init__(self) -> None:
        self.rules = StructuredRules(ScriptedDialect, Start(directory="/"), "me")
        self.transcript = Transcript()
        self.sent: list[object] = []
        self._take(self.rules.begin(1))

    def _take(self, step: Step) -> Step:
        for change in step.changes:
            self.transcript.apply(change, 1)
        self.sent += [msgspec.json.decode(line) for line in step.lines.splitlines()]
        return step

    def hear(self, *lines: str) -> Step:
        return self._take(self.rules.receive_lines([AgentLine(each.encode()) for each in lines], 2))

    def do(self, chat_input: ChatInput, by: str = "window", token: str = "") -> Step:
        return self._take(self.rules.receive_input(chat_input, 3, by=by, token=token))

    def expire(self, name: str, at_s: int) -> Step:
        return self._take(self.rules.timer_due(name, at_s * 1000))

    def see_background(self, work: str) -> Step:
        return self._take(self.rules.see_background(work, 4))

    def end(self, *, sleeps: bool = False) -> Step:
        return self._take(self.rules.end(4, sleeps=sleeps))

    def shown(self) -> tuple[str, str]:
        status = self.transcript.status
        return status.state, status.detail

    def statuses(self) -> dict[str, str]:
        return {each.id: each.status for each in self.transcript}


@pytest.fixture
def chat() -> Chat:
    return Chat()


def prompt(text: str, mode: str = "queue") -> Prompt:
    return Prompt(text, mode)  # type: ignore[arg-type]


def test_a_prompt_waits_until_the_agent_is_ready(chat: Chat) -> None:
    chat.do(prompt("first"))
    assert chat.statuses() == {"me-1": "queued"}
    chat.hear("ready")
    assert chat.sent[-1] == {"prompt": "first"}
    assert chat.statuses() == {"me-1": "sent"}
    chat.hear("accept")
    assert chat.statuses()["me-1"] == "done"


def test_the_first_sentence_of_an_answer_that_came_in_pieces_is_kept(chat: Chat) -> None:
    chat.hear("ready")
    chat.do(prompt("first"))
    chat.hear("accept", "say All eleven charts", "say  follow the theme. Twelve", "end")
    assert chat.rules.state.said == "All eleven charts follow the theme."


def test_a_chat_is_named_after_its_first_prompt_until_the_agent_names_it(chat: Chat) -> None:
    chat.hear("ready")
    chat.do(prompt("/model"))
    chat.hear("accept", "end")
    assert chat.transcript.status.title == ""
    chat.do(prompt("Fix the parser.\n\n" + "It fails. " * 20))
    assert chat.transcript.status.title == ""
    chat.hear("accept", "end")
    assert chat.transcript.status.title.startswith("Fix the parser. It fails.")
    assert len(chat.transcript.status.title) == 80
    chat.do(prompt("And the tests"))
    chat.hear("accept", "end")
    assert chat.transcript.status.title.startswith("Fix the parser.")


def test_prompts_wait_for_the_turn_and_are_sent_one_at_a_time(chat: Chat) -> None:
    chat.hear("ready")
    for text in ("one", "two", "three"):
        chat.do(prompt(text))
    assert [each for each in chat.sent if "prompt" in str(each)] == [{"prompt": "one"}]
    chat.hear("accept", "end")
    assert chat.sent[-1] == {"prompt": "two"}
    chat.hear("accept", "end")
    assert chat.sent[-1] == {"prompt": "three"}


def test_a_queued_prompt_is_shown_below_the_answer_that_it_waited_for(chat: Chat) -> None:
    chat.hear("ready")
    for text in ("one", "two", "three"):
        chat.do(prompt(text))
    chat.hear("accept", "say first", "end", "accept", "say second", "end")
    assert [each.text for each in chat.transcript] == ["one", "first", "two", "second", "three"]
    assert chat.statuses()["me-3"] == "sent"


def test_a_refused_prompt_is_reported_and_the_next_one_is_sent(chat: Chat) -> None:
    chat.hear("ready")
    chat.do(prompt("one"))
    chat.do(prompt("two"))
    chat.hear("refuse no such model")
    assert chat.statuses()["me-1"] == "failed"
    assert [each.text for each in chat.transcript] == ["one", "no such model", "two"]
    assert chat.sent[-1] == {"prompt": "two"}


def test_a_steering_text_goes_into_the_turn_or_waits_for_the_next(chat: Chat) -> None:
    chat.hear("ready")
    chat.do(prompt("one"))
    chat.hear("accept")
    chat.do(prompt("not so", "steer"))
    assert chat.sent[-1] == {"steer": "not so"}
    chat.hear("late", "end")
    assert chat.sent[-1] == {"prompt": "not so"}


def test_an_interrupting_prompt_is_sent_next(chat: Chat) -> None:
    chat.hear("ready")
    chat.do(prompt("one"))
    chat.hear("accept")
    chat.do(prompt("two"))
    chat.do(prompt("now", "interrupt"))
    assert chat.sent[-1] == {"interrupt": True}
    chat.hear("end")
    assert chat.sent[-1] == {"prompt": "now"}


@pytest.mark.parametrize("is_stopped", [True, False])
def test_a_question_that_goes_because_the_user_stopped_the_turn_says_so(chat: Chat, is_stopped: bool) -> None:
    chat.hear("ready")
    chat.do(prompt("Do it"))
    chat.hear("accept", "ask make")
    if is_stopped:
        chat.do(Interrupt())
    chat.hear("withdraw")
    assert chat.transcript.answers["rt1"].stopped is is_stopped


def test_a_queued_prompt_can_be_withdrawn_but_a_sent_one_cannot(chat: Chat) -> None:
    chat.hear("ready")
    chat.do(prompt("one"))
    chat.do(prompt("two"))
    assert chat.do(WithdrawPrompt("me-2")).refusal is None
    assert chat.statuses()["me-2"] == "withdrawn"
    refusal = chat.do(WithdrawPrompt("me-1")).refusal
    assert refusal is not None
    assert "sent already" in refusal.text


def test_a_queued_prompt_is_sent_before_the_others_when_its_user_stops_the_turn_for_it(chat: Chat) -> None:
    chat.hear("ready")
    for text in ("one", "two", "three"):
        chat.do(prompt(text))
    chat.hear("accept")
    assert chat.do(SendNow("me-3")).refusal is None
    assert chat.sent[-1] == {"interrupt": True}
    chat.hear("say stopped", "end")
    assert chat.sent[-1] == {"prompt": "three"}
    assert [each.text for each in chat.transcript] == ["one", "stopped", "three", "two"]
    sent_before = len(chat.sent)
    assert chat.do(SendNow("me-3")).refusal is not None, "it is sent; its own turn must not be stopped"
    assert len(chat.sent) == sent_before


def stopped_with_two_queued(chat: Chat) -> None:
    chat.hear("ready")
    for text in ("one", "two", "three"):
        chat.do(prompt(text))
    chat.hear("accept", "say first")
    chat.do(Interrupt())
    chat.hear("stop")


def test_queued_prompts_wait_after_a_stop_until_their_user_sends_them(chat: Chat) -> None:
    stopped_with_two_queued(chat)
    assert chat.sent[-1] == {"interrupt": True}, "the agent got nothing since"
    assert (chat.statuses()["me-2"], chat.statuses()["me-3"], chat.transcript.held) == ("held", "held", 2)
    chat.do(prompt("instead"))
    chat.hear("accept", "say other", "end")
    assert chat.sent[-1] == {"prompt": "instead"}, "a new prompt does not wait, and ends no waiting"
    assert [each.text for each in chat.transcript] == ["one", "first", "instead", "other", "two", "three"]
    assert chat.do(ReleaseHeld()).refusal is None
    chat.hear("accept", "say second", "end")
    assert chat.sent[-1] == {"prompt": "three"}
    assert [each.text for each in chat.transcript][4:] == ["two", "second", "three"]
    assert chat.do(ReleaseHeld()).refusal is not None, "nothing waits"


def test_prompts_that_wait_after_a_stop_can_be_discarded_taken_back_or_sent_alone(chat: Chat) -> None:
    stopped_with_two_queued(chat)
    chat.do(WithdrawPrompt("me-2"))
    assert chat.transcript.held == 1
    assert chat.do(ReleaseHeld(discard=True)).refusal is None
    assert (chat.statuses()["me-2"], chat.statuses()["me-3"], chat.transcript.held) == ("withdrawn", "withdrawn", 0)
    assert chat.sent[-1] == {"interrupt": True}
    chat = Chat()
    stopped_with_two_queued(chat)
    chat.do(SendNow("me-3"))
    chat.hear("accept", "end")
    assert chat.sent[-1] == {"prompt": "three"}
    assert chat.transcript.held == 1


def test_a_prompt_that_is_typed_after_a_stop_is_sent_when_the_turn_has_ended(chat: Chat) -> None:
    chat.hear("ready")
    chat.do(prompt("one"))
    chat.hear("accept")
    chat.do(Interrupt())
    chat.do(prompt("instead"))
    chat.hear("stop")
    assert chat.sent[-1] == {"prompt": "instead"}


def test_a_steering_text_that_came_too_late_for_a_stopped_turn_waits(chat: Chat) -> None:
    chat.hear("ready")
    chat.do(prompt("one"))
    chat.hear("accept")
    chat.do(prompt("not so", "steer"))
    chat.do(Interrupt())
    chat.hear("late", "say stopped", "stop")
    assert chat.sent[-1] == {"interrupt": True}
    assert [(each.text, each.status) for each in chat.transcript][-1] == ("not so", "held")
    chat.do(ReleaseHeld())
    assert chat.sent[-1] == {"prompt": "not so"}


def test_queued_prompts_wait_also_if_the_turn_was_stopped_by_an_answer_or_in_the_agents_terminal(chat: Chat) -> None:
    chat.hear("ready")
    for text in ("one", "two"):
        chat.do(prompt(text))
    chat.hear("accept", "stop")
    assert (chat.statuses()["me-2"], {"prompt": "two"} in chat.sent) == ("held", False)
    chat.end()
    assert chat.statuses()["me-2"] == "unsent"


def test_prompts_that_wait_after_a_stop_wait_in_the_chat_that_wakes_one_that_slept(chat: Chat) -> None:
    chat.hear("ready")
    for text in ("one", "two", "three"):
        chat.do(prompt(text))
    chat.hear("accept", "stop")
    chat.do(prompt("four"))
    chat.hear("accept")
    chat.do(prompt("five"))
    chat.end(sleeps=True)
    assert [(each.text, each.status) for each in chat.transcript if each.kind == "user"][-3:] == [
        ("five", "unsent"),
        ("two", "held"),
        ("three", "held"),
    ]

    woken = Chat()
    history = copied_items(chat.transcript)
    for change in history:
        woken.transcript.apply(change)
    woken.rules.take_over(history)
    woken.hear("ready")
    woken.do(prompt("wake up"))
    assert woken.sent[-1] == {"prompt": "wake up"}, "they wait for their user"
    woken.hear("accept", "end")
    assert woken.transcript.held == 2
    woken.do(ReleaseHeld())
    woken.hear("accept", "end", "accept")
    assert [each for each in woken.sent if "prompt" in str(each)][1:] == [{"prompt": "two"}, {"prompt": "three"}]


def test_nothing_can_be_interrupted_while_nothing_runs(chat: Chat) -> None:
    chat.hear("ready")
    assert chat.do(Interrupt()).refusal is not None


def test_the_first_answer_counts_and_later_ones_are_refused(chat: Chat) -> None:
    chat.hear("ready")
    chat.do(prompt("one"))
    chat.hear("accept", "ask rm -rf build")
    (request,) = chat.transcript.open_requests
    answer = AnswerRequest(request.id, "yes", digest(request))
    assert chat.do(answer).refusal is None
    second = chat.do(msgspec.structs.replace(answer, option="no"), by="command").refusal
    assert second is not None
    assert (second.code, second.text) == (ErrorCode.ANSWERED, "already answered in a window: Allow")
    assert [each for each in chat.sent if "answer" in str(each)] == [{"answer": "yes"}]
    assert chat.transcript.answers[request.id].by == "window"


def test_an_answer_to_another_question_than_the_shown_one_is_refused(chat: Chat) -> None:
    chat.hear("ready")
    chat.do(prompt("one"))
    chat.hear("accept", "ask make")
    (request,) = chat.transcript.open_requests
    other = digest(msgspec.structs.replace(request, subject="make clean"))
    refusal = chat.do(AnswerRequest(request.id, "yes", other)).refusal
    assert refusal is not None
    assert refusal.code == ErrorCode.CHANGED
    assert chat.transcript.open_requests == [request]


def test_a_repeated_command_is_carried_out_once(chat: Chat) -> None:
    chat.hear("ready")
    chat.do(prompt("one"), by="command", token="ab")
    assert chat.do(prompt("one"), by="command", token="ab").is_empty
    assert len(chat.transcript) == 1


def test_running_items_are_cut_at_the_end(chat: Chat) -> None:
    chat.hear("ready")
    chat.do(prompt("one"))
    chat.hear("accept", "say half a", "ask make")
    chat.do(prompt("two"))
    chat.end()
    assert chat.statuses() == {"me-1": "done", "a1": "cut", "me-2": "unsent"}, "no later agent gets a queued prompt"
    assert chat.transcript[1].text == "half a"
    assert chat.transcript.open_requests == []
    assert chat.transcript.status.last_turn is not None
    assert chat.transcript.status.last_turn.outcome == "cut"
    refusal = chat.do(prompt("three")).refusal
    assert refusal is not None
    assert refusal.code == ErrorCode.ENDED


def test_a_prompt_that_was_not_confirmed_before_the_end_is_shown_as_such(chat: Chat) -> None:
    chat.hear("ready")
    chat.do(prompt("one"))
    chat.end()
    assert chat.statuses() == {"me-1": "unconfirmed"}
    assert chat.transcript.status.last_turn is None


def test_the_agent_works_while_its_prompt_is_sent_and_rests_as_before_if_no_turn_begins(chat: Chat) -> None:
    chat.hear("ready")
    chat.rules.emit(StateChanged("background", detail="npm test"))
    chat.do(prompt("one"))
    assert chat.shown() == ("running", "")
    assert chat.expire(QUIET, 31).changes, "it says for how long the agent has been silent"
    chat.rules.emit(StateChanged("background", detail="npm run"))
    chat.hear()
    assert chat.shown()[0] == "running"
    chat.hear("refuse no")
    assert chat.shown() == ("background", "npm run")
    chat.do(prompt("two"))
    chat.do(prompt("three"))
    chat.hear("refuse no")
    assert chat.shown() == ("running", ""), "the next one is sent"
    chat.hear("accept", "end")
    assert chat.shown() == ("idle", "")


def test_what_the_host_sees_running_is_shown_between_turns_alone(chat: Chat) -> None:
    assert chat.see_background("npm test").is_empty
    chat.hear("ready")
    chat.see_background("npm test")
    assert chat.shown() == ("background", "npm test")
    assert chat.see_background("npm test").is_empty
    chat.do(prompt("one"))
    chat.hear("accept")
    assert chat.see_background("").is_empty
    assert chat.shown() == ("running", "")
    chat.hear("end")
    chat.see_background("npm run")
    assert chat.shown() == ("background", "npm run")
    chat.see_background("")
    assert chat.shown() == ("idle", "")
    assert chat.rules.state.may_time_out
    chat.end()
    assert chat.see_background("npm test").is_empty


def test_a_turn_that_waits_for_its_model_says_for_how_long_it_has_been_silent(chat: Chat) -> None:
    chat.hear("ready")
    assert chat.do(prompt("one")).timers == [(QUIET, QUIET_S)]
    chat.hear("accept")
    assert chat.expire(QUIET, 29).timers == [(QUIET, 2)]
    details = []
    for at_s in (0, 31, 61, 150):
        chat.expire(QUIET, at_s)
        details.append(chat.transcript.status.detail.partition(":")[0])
    assert details == ["", *(f"Silent for {each}" for each in ("30 s", "1 min", "2 min"))]
    chat.hear("say at last")
    assert chat.shown() == ("running", "")
    chat.hear("end")
    assert chat.expire(QUIET, 200).is_empty


def test_for_how_long_an_agent_has_been_silent_is_no_news() -> None:
    now, effects = [1], list[Effect]()
    rules = StructuredRules(ScriptedDialect, Start(directory="/"), "me")
    session = StructuredSession(
        effects,
        rules,
        LineSplitter(),
        0,
        lambda: now[0],
        StructuredLaunch("scripted"),
        Watch(),
        timers={},
        read_history=list,
        runs_on=lambda: False,
    )
    session.program_started()
    session.agent_wrote(b"ready\n")
    session.request(SendChatInput(0, Prompt("one")), "client")
    session.agent_wrote(b"accept\n")
    effects.clear()
    for at_ms in (29_000, 40_000):
        now[0] = at_ms
        session.timer_due(QUIET)
    session.agent_wrote(b"say at last\n")
    assert [each.is_news for each in effects if isinstance(each, AppendRecord)] == [False, False, True]


def test_a_turn_in_which_a_tool_runs_or_the_user_is_asked_is_not_called_silent(chat: Chat) -> None:
    chat.hear("ready")
    chat.do(prompt("one"))
    chat.hear("accept", "ask make")
    chat.expire(QUIET, 40)
    assert chat.transcript.status.detail == ""
    chat.rules.emit(StateChanged("running", "t1"))
    chat.rules.emit(Put(Item("tool", "tool", 2, status="running")))
    chat.hear()
    chat.expire(QUIET, 80)
    assert chat.transcript.status.detail == ""


def test_an_agent_that_goes_on_after_an_interrupt_can_be_ended_and_nothing_says_so_after_the_turn(chat: Chat) -> None:
    chat.hear("ready")
    chat.do(prompt("one"))
    chat.hear("accept")
    assert chat.do(Interrupt()).timers == [(STOPPING, STOPPING_S)]
    chat.expire(STOPPING, 20)
    chat.expire(QUIET, 60)
    assert chat.shown() == ("running", NOT_STOPPED)
    chat.hear("end")
    chat.do(prompt("two"))
    chat.hear("accept")
    assert chat.expire(STOPPING, 90).is_empty


def test_a_message_on_which_the_dialect_fails_is_kept_and_does_no_harm(chat: Chat) -> None:
    chat.hear("ready", "break", "nonsense")
    assert [each.kind for each in chat.transcript] == ["raw", "raw"]
    chat.do(prompt("one"))
    assert chat.sent[-1] == {"prompt": "one"}


def test_a_dropped_line_is_reported(chat: Chat) -> None:
    chat._take(chat.rules.receive_lines([AgentLine(b"{ begins", 100_000_000)], 2))
    assert chat.transcript[0].text == "a message of 100,000,000 bytes was dropped: it is too long"
    assert chat.transcript[1].text == "{ begins"


def test_prompts_that_wait_after_a_stop_are_in_the_saved_state(chat: Chat) -> None:
    stopped_with_two_queued(chat)
    other = StructuredRules(ScriptedDialect, Start(directory="/"), "me")
    other.load(*chat.rules.save())
    assert other.receive_input(ReleaseHeld(), 3, by="window") == chat.do(ReleaseHeld())


def test_the_end_of_a_turn_has_its_tokens_and_the_number_of_its_files(chat: Chat) -> None:
    chat.hear("total 500 tokens", "ready")  # What an earlier process used.
    chat.do(prompt("one"))
    chat.hear("accept", "total 520", "edit e1 running a.py b.py", "edit e1 done a.py b.py", "edit e2 done a.py")
    state, dialect = chat.rules.save()
    other = StructuredRules(ScriptedDialect, Start(directory="/"), "me")
    other.load(state, dialect)
    lines = [AgentLine(each.encode()) for each in ("edit e3 declined c.py", "total 550", "end")]
    step = other.receive_lines(lines, 2)
    assert step == chat.hear("edit e3 declined c.py", "total 550", "end")
    assert [(each.turn, each.tokens, each.files_changed) for each in turns_over(step)] == [("t1", 50, 2)]
    chat.hear("total 560", "edit e4 done d.py")  # Between turns.
    chat.do(prompt("two"))
    [end] = turns_over(chat.hear("accept", "stop"))
    assert (end.turn, end.outcome, end.tokens, end.files_changed) == ("t2", "interrupted", 10, 0)


def turns_over(step: Step) -> list[TurnOver]:
    return [each for each in step.changes if isinstance(each, TurnOver)]


def begun_by(step: Step) -> list[str]:
    """Who began the turns that begin in a step."""
    return [each.by for each in step.changes if isinstance(each, StateChanged) and each.turn]


def test_the_beginning_of_a_turn_says_who_sent_its_prompt(chat: Chat) -> None:
    chat.hear("ready")
    chat.do(prompt("refused"), by="attach")
    chat.do(prompt("one"), by="window")
    chat.do(prompt("two"), by="command")
    chat.hear("refuse no such model")
    other = StructuredRules(ScriptedDialect, Start(directory="/"), "me")
    other.load(*chat.rules.save())
    lines = [AgentLine(b"accept"), AgentLine(b"ask make")]
    step = other.receive_lines(lines, 2)
    assert step == chat.hear("accept", "ask make")
    assert begun_by(step) == ["window", ""]
    assert begun_by(chat.hear("end", "accept", "end")) == ["command"]
    assert begun_by(chat.hear("accept")) == [""], "the agent began it"


def test_a_saved_state_continues_in_the_same_way(chat: Chat) -> None:
    chat.hear("ready")
    chat.do(prompt("one"))
    chat.hear("accept", "ask make")
    state, dialect = chat.rules.save()
    other = StructuredRules(ScriptedDialect, Start(directory="/"), "me")
    other.load(state, dialect)
    (request,) = chat.transcript.open_requests
    answer = AnswerRequest(request.id, "yes", digest(request))
    assert other.receive_input(answer, 3, by="window") == chat.rules.receive_input(answer, 3, by="window")
    lines = [AgentLine(b"say more"), AgentLine(b"end")]
    assert other.receive_lines(lines, 4) == chat.rules.receive_lines(lines, 4)


def test_a_password_is_not_in_the_transcript_and_several_answers_are_one_line() -> None:
    questions = (Question("q1", "Which parts?", ("API", "UI"), several=True), Question("q2", "Password?", secret=True))
    request = AgentRequest("r", "question", 1, "Some things", "", questions=questions)
    answer = AnswerRequest("r", "", digest(request), {"q1": "API\nUI", "q2": "hunter2"})
    assert first_answer(answer, {"r": request}, {}, by="window", now_ms=5) == RequestResolved(
        "r", "text", "API, UI; ••••••", "window", 5
    )
