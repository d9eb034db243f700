"""The steps of ``outlive send``: each test is a script of events and effects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from session_host.protocol.messages import MAX_PASTE_CHARACTERS, MAY_JOIN, Done, Failed, Reply, Send
from session_host.protocol.values import Activity, ErrorCode
from session_host.session.effects import AppendEntry, Effect, NoteUserInput, SendReply
from session_host.session.send_queue import (
    ECHO,
    ENTER_ANYWAY,
    ENTER_ANYWAY_S,
    NO_ENTER,
    NO_TURN,
    NOT_SHOWN,
    OTHERS,
    PAUSE,
    SETTLE,
    TURN,
    TURN_UNKNOWN,
    TURN_WITHIN_S,
    UNSENT,
)
from session_host.storage.descriptors.log_entries import EntryKind
from session_host.terminal.base import Emulator
from tests.support.playbook import do
from tests.support.send_queue_harness import (
    DONE,
    ENTER,
    HELLO,
    OTHER,
    PAUSING,
    PROGRAM,
    SHOWING,
    SHOWING_AT_ONCE,
    TOKEN,
    SendQueueHarness,
)

# ---------------------------------------------------------------- typing


@pytest.fixture
def harness(request: pytest.FixtureRequest) -> Iterator[SendQueueHarness]:
    """An indirect parameter sets the program's ``Watch``."""
    harness = SendQueueHarness(getattr(request, "param", PAUSING))
    yield harness
    harness.emulator.close()


@pytest.mark.parametrize("harness", [PROGRAM], indirect=True)
def test_a_program_without_a_pause_setting_gets_enter_with_the_text(harness: SendQueueHarness) -> None:
    assert (
        harness.script()
        >> harness.sends()
        << harness.use
        >> harness.free()
        << harness.typed("\x1b[200~hello\x1b[201~\r")
        << NoteUserInput()
        << DONE
    )


@pytest.mark.parametrize(
    "text",
    ["nb\u00a0one\n\u3000two\nthree", "\U0001f468\u200d\U0001f469 one\ntwo", "one\u200b\ntwo", "\x1b[1mone\x1b[m\ntwo"],
)
@pytest.mark.parametrize("line_end", ["", "\n", "\r\n"])
@pytest.mark.parametrize("enter", [True, False])
def test_several_lines_for_an_agent_are_one_paste_and_a_last_line_end_is_enter(
    text: str, line_end: str, *, enter: bool
) -> None:
    harness = SendQueueHarness(PROGRAM, agent="aider")
    harness.queue.request(Send(1, text + line_end, enter=enter, token=TOKEN), "one")
    harness.queue.use_emulator(harness.emulator)

    shown = text.replace("\n", "\r").replace("\x1b", "")
    key = "\r" if enter or line_end else ""
    assert harness.typed(f"\x1b[200~{shown}\x1b[201~{key}") in harness.take_effects()
    harness.emulator.close()


def test_an_invalid_request_is_refused_at_once_even_behind_another(harness: SendQueueHarness) -> None:
    for request in (Send(2, "x" * (MAX_PASTE_CHARACTERS + 1)), Send(2, "x", token="T"), Send(2, keys=["Nothing"])):
        harness.queue.request(request, "two")
        [answer] = harness.take_effects()
        assert isinstance(answer, SendReply)
        assert isinstance(answer.reply, Failed)
    assert (
        harness.script()
        >> harness.sends()
        << harness.use
        >> harness.sends(Send(2, token="T"), "two")
        << SendReply("two", Failed(2, ErrorCode.BAD_REQUEST, "a token is 32 hexadecimal digits"))
    )


BLANK = ("", " ", "\t", "\u3000")


@pytest.mark.parametrize("text", [f"{blank}{end}" for blank in BLANK for end in ("\n", "\r", "\r\n", "\n\n", "\n ")])
@pytest.mark.parametrize("more", [{}, {"enter": True}, {"paste": True, "enter": True}, {"keys": ["Enter"]}])
@pytest.mark.parametrize("anyway", [False, True])
def test_a_blank_text_presses_no_enter(text: str, more: dict[str, Any], *, anyway: bool) -> None:
    """``echo "$UNSET" | outlive send CHAT -`` allowed the tool call that waited."""
    harness = SendQueueHarness(PROGRAM, agent="claude")
    harness.queue.request(Send(1, text, token=TOKEN, anyway=anyway, **more), "one")
    words = "the text is blank, and would press Enter; to press only Enter, leave the text out"
    assert harness.take_effects() == [SendReply("one", Failed(1, ErrorCode.BAD_REQUEST, words))]
    harness.emulator.close()


@pytest.mark.parametrize(
    ("agent", "request_", "keys"),
    [
        ("claude", Send(1, " ", token=TOKEN), " "),
        ("claude", Send(1, " ", keys=["Down"], token=TOKEN), " \x1b[B"),
        ("claude", Send(1, enter=True, token=TOKEN), "\r"),
        ("claude", Send(1, keys=["Enter"], token=TOKEN), "\r"),
        ("shell", Send(1, "\n", token=TOKEN), "\r"),
        ("shell", Send(1, " ", enter=True, token=TOKEN), "\x1b[200~ \x1b[201~\r"),
    ],
)
def test_enter_alone_a_key_and_a_shells_blank_line_are_typed(agent: str, request_: Send, keys: str) -> None:
    harness = SendQueueHarness(PROGRAM, agent=agent)
    harness.queue.request(request_, "one")
    harness.queue.use_emulator(harness.emulator)
    assert harness.typed(keys) in harness.take_effects()
    harness.emulator.close()


def test_requests_are_typed_one_after_the_other_with_a_pause(harness: SendQueueHarness) -> None:
    script = harness.types_hello() << harness.starts(ENTER_ANYWAY, ENTER_ANYWAY_S)
    script = script >> harness.sends(Send(2, keys=["Up"]), "two")
    script = script >> harness.shows() << harness.starts(SETTLE, 0.15)
    script = script >> harness.due(SETTLE) << harness.stops(ENTER_ANYWAY)
    assert (
        harness.enters(script)
        << harness.use
        >> harness.free()
        << harness.typed("\x1b[A", "3" * 32)
        << NoteUserInput()
        << SendReply("two", Done(2))
    )


def test_a_repeated_request_is_typed_once(harness: SendQueueHarness) -> None:
    keys = Send(1, keys=["Up"], token=TOKEN)
    assert (
        harness.script()
        >> harness.sends(keys)
        << harness.use
        >> harness.free()
        << harness.typed("\x1b[A")
        << NoteUserInput()
        << DONE
        >> harness.sends(keys)
        << harness.use
        >> harness.free()
        << DONE
    )


def test_a_text_that_a_previous_host_typed_gets_enter(harness: SendQueueHarness) -> None:
    harness.terminal.typed_tokens.append(TOKEN)
    script = (
        harness.script()
        >> harness.sends()
        << harness.use
        >> harness.free()
        << harness.starts(ENTER_ANYWAY, ENTER_ANYWAY_S)
    )
    script = script >> harness.due(ENTER_ANYWAY) << harness.starts(SETTLE, 0.15)
    assert harness.enters(script >> harness.due(SETTLE))


def test_nothing_is_typed_into_a_program_that_does_not_read(harness: SendQueueHarness) -> None:
    harness.session.pending.has_room = lambda length, bound: False  # type: ignore[method-assign]
    refused = Failed(1, ErrorCode.INPUT_FULL, "the program is not reading its input; nothing was typed")
    assert harness.script() >> harness.sends() << harness.use >> harness.free() << SendReply("one", refused)


# ---------------------------------------------------------------- a chat with an open question


@pytest.mark.parametrize(("open_question", "what"), [("which?", "“which?”"), ("", "something")])
def test_a_chat_that_asks_gets_keys_and_no_text(harness: SendQueueHarness, open_question: str, what: str) -> None:
    harness.open_question = open_question
    refused = Failed(1, ErrorCode.NEEDS_INPUT, f"the chat is asking {what}; nothing was typed")
    assert (
        harness.script()
        >> harness.sends()
        << harness.use
        >> harness.free()
        << SendReply("one", refused)
        >> harness.sends(Send(1, "y", token=TOKEN))
        << harness.use
        >> harness.free()
        << harness.typed("y")
        << NoteUserInput()
        << DONE
    )


def test_a_text_that_was_typed_before_the_chat_asked_is_not_refused_when_it_is_sent_again(
    harness: SendQueueHarness,
) -> None:
    harness.terminal.typed_tokens.append(TOKEN)
    harness.open_question = "which?"
    assert harness.script() >> harness.sends(Send(1, "hello", token=TOKEN)) << harness.use >> harness.free() << DONE


def test_a_chat_that_asks_gets_a_text_sent_with_anyway(harness: SendQueueHarness) -> None:
    harness.open_question = "which?"
    assert (
        harness.script()
        >> harness.sends(Send(1, "hello", token=TOKEN, anyway=True))
        << harness.use
        >> harness.free()
        << harness.typed("hello")
        << NoteUserInput()
        << DONE
    )


def test_a_question_between_the_text_and_enter_is_not_answered_by_enter(harness: SendQueueHarness) -> None:
    def asks() -> None:
        harness.open_question = "which?"

    refused = Failed(1, ErrorCode.FAILED, "the chat is asking “which?”; the text was typed, but not Enter")
    assert (
        harness.types_hello()
        << harness.starts(ENTER_ANYWAY, ENTER_ANYWAY_S)
        >> harness.shows()
        << harness.starts(SETTLE, 0.15)
        >> harness.due(SETTLE)
        << harness.stops(ENTER_ANYWAY)
        << harness.use_after_output
        >> do(asks)
        >> harness.free()
        << SendReply("one", refused)
        << harness.starts(PAUSE, 0.15)
        >> harness.due(PAUSE)
    )


def test_a_working_agent_gets_enter_directly_after_an_output_since_silence_may_come_before_a_dialog() -> None:
    harness = SendQueueHarness(PAUSING)
    script = harness.script() >> do(harness.queue.activity_changed, Activity.WORKING) >> harness.sends() << harness.use
    script = script >> harness.free() << harness.typed() << NoteUserInput()
    script = script << harness.starts(ENTER_ANYWAY, ENTER_ANYWAY_S) >> harness.shows()
    script = script << harness.starts(SETTLE, 0.15) >> harness.due(SETTLE)
    script = script << harness.stops(ENTER_ANYWAY) << harness.starts(SETTLE, ENTER_ANYWAY_S)
    assert harness.enters(script >> harness.shows("a spinner") << harness.stops(SETTLE))
    harness.emulator.close()


# ---------------------------------------------------------------- the agent begins a turn


def entered(harness: SendQueueHarness, activity: Activity, text: str = "hello") -> list[Effect]:
    """Type a text and Enter into an agent with this activity; returns the last effects."""
    harness.queue.activity_changed(activity)
    harness.queue.request(Send(1, text, enter=True, token=TOKEN), "one")
    harness.queue.use_emulator(harness.emulator)
    harness.queue.timer_due(ENTER_ANYWAY)
    harness.queue.timer_due(SETTLE)
    harness.take_effects()
    harness.queue.use_emulator(harness.emulator)
    return harness.take_effects()


@pytest.fixture
def agent() -> Iterator[SendQueueHarness]:
    harness = SendQueueHarness(PAUSING, agent="claude")
    yield harness
    harness.emulator.close()


@pytest.mark.parametrize("activity", [Activity.WORKING, Activity.NEEDS_INPUT])
def test_a_text_for_an_idle_agent_is_sent_once_its_turn_begins(agent: SendQueueHarness, activity: Activity) -> None:
    assert agent.starts(TURN, TURN_WITHIN_S) == entered(agent, Activity.IDLE)[-1]

    agent.queue.activity_changed(activity)

    assert SendReply("one", Done(1)) in agent.take_effects()


@pytest.mark.parametrize(
    ("screen", "reply"),
    [
        ("> hello", Failed(1, ErrorCode.FAILED, NO_TURN)),
        ("\x1b[2J\x1b[Hhello\r\n> ", Done(1, TURN_UNKNOWN)),  # In the history; a short turn may have no report.
    ],
)
def test_an_enter_that_an_idle_agent_drops_is_reported(screen: str, reply: Reply) -> None:
    harness = SendQueueHarness(SHOWING, agent="claude")
    harness.queue.activity_changed(Activity.IDLE)
    harness.queue.request(HELLO, "one")
    harness.queue.use_emulator(harness.emulator)
    harness.emulator.feed(b"\x1b[H> hello")
    harness.queue.use_emulator(harness.emulator)
    harness.queue.timer_due(SETTLE)
    harness.queue.use_emulator(harness.emulator)
    harness.emulator.feed(f"\x1b[H{screen}".encode())
    harness.queue.timer_due(TURN)
    harness.queue.use_emulator(harness.emulator)

    assert SendReply("one", reply) in harness.take_effects()
    harness.emulator.close()


@pytest.mark.parametrize(
    ("activity", "text"), [(Activity.WORKING, "hello"), (Activity.NO_SIGNAL, "hello"), (Activity.IDLE, "/clear")]
)
def test_the_reply_says_when_it_is_not_known_whether_a_turn_began(
    agent: SendQueueHarness, activity: Activity, text: str
) -> None:
    assert SendReply("one", Done(1, TURN_UNKNOWN)) in entered(agent, activity, text)


def test_an_enter_that_a_previous_host_pressed_is_not_pressed_again(agent: SendQueueHarness) -> None:
    agent.terminal.typed_tokens += [TOKEN, ENTER]
    agent.queue.request(HELLO, "one")
    agent.queue.use_emulator(agent.emulator)

    assert agent.take_effects() == [agent.use, SendReply("one", Done(1, TURN_UNKNOWN))]


# ---------------------------------------------------------------- a text that others typed

AT_PROMPT = b"\x1b]133;A\x07$ \x1b]133;B\x07"
OTHERS_REFUSED = SendReply("one", Failed(1, ErrorCode.LINE_IN_USE, f"{OTHERS}; nothing was typed"))


def sent(harness: SendQueueHarness, request: Send) -> list[Effect]:
    """What a request does."""
    harness.queue.request(request, "one")
    harness.queue.use_emulator(harness.emulator)
    return harness.take_effects()


@pytest.fixture
def shell() -> Iterator[SendQueueHarness]:
    """A shell at its prompt."""
    harness = SendQueueHarness(PROGRAM, engine="ghostty")
    harness.emulator.commands.start_numbers(1)
    harness.emulator.feed(AT_PROMPT)
    yield harness
    harness.emulator.close()


def test_a_text_with_enter_does_not_join_what_the_user_typed(shell: SendQueueHarness) -> None:
    """The shell ran `echo Aecho B`."""
    shell.terminal.prompt.typed(b"echo A", "attach")
    shell.emulator.feed(b"echo A")
    for request in (HELLO, Send(1, "hello\n", token=TOKEN), Send(1, "hello", keys=["Enter"], token=TOKEN)):
        assert sent(shell, request)[-1] == OTHERS_REFUSED
    for request in (Send(1, "A", token=TOKEN), Send(1, "AA", token=OTHER), Send(1, keys=["Enter"], token="4" * 32)):
        assert sent(shell, request)[-1] == DONE, "keys, characters and a text without Enter build a line"


def test_a_line_that_the_user_typed_gets_a_text_anyway(shell: SendQueueHarness) -> None:
    shell.terminal.prompt.typed(b"echo A", "attach")
    shell.emulator.feed(b"echo A")
    assert sent(shell, msgspec.structs.replace(HELLO, anyway=True))[-1] == DONE


def test_a_line_is_built_of_several_texts(shell: SendQueueHarness) -> None:
    assert sent(shell, Send(1, "echo ", token=OTHER))[-1] == DONE
    shell.emulator.feed(b"echo ")
    assert sent(shell, HELLO)[-1] == DONE


def test_a_line_that_the_user_entered_or_deleted_is_not_in_the_way(shell: SendQueueHarness) -> None:
    shell.terminal.prompt.typed(b"echo A", "attach")
    shell.terminal.prompt.typed(b"\x15", "attach")
    assert sent(shell, HELLO)[-1] == DONE, "the cursor is where the input begins"
    shell.terminal.prompt.typed(b"ls\r", "attach")
    shell.emulator.feed(b"ls\r\n\x1b]133;C\x07a.txt\r\n")
    assert sent(shell, msgspec.structs.replace(HELLO, token=OTHER))[-1] == DONE, "nothing was typed since"


def test_where_the_input_line_is_not_known_the_reply_says_so(shell: SendQueueHarness) -> None:
    shell.emulator.feed(b"cat\r\n\x1b]133;C\x07echo A")
    shell.terminal.prompt.typed(b"echo A", "attach")
    assert sent(shell, HELLO)[-1] == SendReply("one", Done(1, MAY_JOIN))


# ---------------------------------------------------------------- a text that was not sent

NEXT = Send(2, "next", enter=True, token=OTHER)
UNSENT_REFUSED = SendReply("two", Failed(2, ErrorCode.LINE_IN_USE, f"{UNSENT}; nothing was typed"))


def test_a_text_that_was_not_sent_is_not_the_beginning_of_the_next_one(asking: SendQueueHarness) -> None:
    """A question came before its Enter. Once that is answered, the agent shows its input line again."""
    harness = asking
    assert sent_next(harness, b"Allow? 1. Yes")[-1] != UNSENT_REFUSED, "its own refusal names the question"
    harness.open_question = None
    harness.terminal.prompt.activity_changed(Activity.WORKING)
    assert sent_next(harness, b"> hello")[-1] == UNSENT_REFUSED
    anyway = msgspec.structs.replace(NEXT, anyway=True)
    assert harness.typed("\x1b[200~next\x1b[201~\r", OTHER) in sent_next(harness, b"> hello", anyway)


@pytest.mark.parametrize("screen", ["> ", "> hel"])
def test_a_text_that_was_not_sent_and_was_deleted_is_over(asking: SendQueueHarness, screen: str) -> None:
    asking.open_question = None
    assert asking.typed("\x1b[200~next\x1b[201~", OTHER) in sent_next(asking, screen.encode())


def test_a_text_that_was_not_sent_and_got_enter_later_is_over(asking: SendQueueHarness) -> None:
    """The history shows it as the input line did."""
    harness = asking
    harness.terminal.prompt.typed(b"\r")
    harness.open_question = None
    harness.terminal.prompt.activity_changed(Activity.WORKING)
    assert sent_next(harness, b"> hello")[-1] == UNSENT_REFUSED, "this Enter answered the question"
    harness.terminal.prompt.typed(b"\r")
    assert harness.typed("\x1b[200~next\x1b[201~", OTHER) in sent_next(harness, b"> hello\r\n> ")


@pytest.fixture
def asking() -> Iterator[SendQueueHarness]:
    """A text was typed, and a question came before its Enter."""
    harness = SendQueueHarness(SHOWING_AT_ONCE, agent="claude")
    harness.queue.request(HELLO, "one")
    harness.queue.use_emulator(harness.emulator)
    harness.emulator.feed(b"\x1b[2J\x1b[H> hello")
    harness.queue.use_emulator(harness.emulator)
    harness.open_question = "Allow?"
    harness.terminal.prompt.activity_changed(Activity.NEEDS_INPUT)
    harness.queue.use_emulator(harness.emulator)
    *_, unsent, reply = harness.take_effects()
    assert unsent == AppendEntry(EntryKind.UNSENT, b"> hello")
    assert isinstance(reply, SendReply)
    assert isinstance(reply.reply, Failed)
    yield harness
    harness.emulator.close()


def sent_next(harness: SendQueueHarness, screen: bytes, request: Send = NEXT) -> list[Effect]:
    """The effects of the next text, while the agent shows this."""
    harness.emulator.feed(b"\x1b[2J\x1b[H" + screen)
    harness.queue.request(request, "two")
    harness.queue.use_emulator(harness.emulator)
    return harness.take_effects()


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("> ", "> h*ll*", b"> h*ll*"),
        ("> Ask me", "> h*ll*", b"> h*ll*"),
        ("> ", "> ", b""),  # The agent dropped it,
        ("", "> ", b""),  # or was not ready.
    ],
)
def test_a_text_that_is_shown_in_another_form_is_left_in_the_input_line(before: str, after: str, line: bytes) -> None:
    harness = SendQueueHarness(SHOWING_AT_ONCE, agent="claude")
    harness.emulator.feed(before.encode())
    harness.queue.request(HELLO, "one")
    harness.queue.use_emulator(harness.emulator)
    harness.emulator.feed(b"\x1b[2J\x1b[H" + after.encode())
    harness.queue.timer_due(ECHO)
    for _ in range(2):
        harness.queue.use_emulator(harness.emulator)
    *_, unsent, reply = harness.take_effects()
    assert reply == SendReply("one", Failed(1, ErrorCode.FAILED, NOT_SHOWN + NO_ENTER))
    assert (unsent == AppendEntry(EntryKind.UNSENT, line)) is bool(line)
    harness.emulator.close()


# ---------------------------------------------------------------- the screen settles


def test_enter_follows_once_the_screen_is_quiet(harness: SendQueueHarness) -> None:
    script = harness.types_hello() << harness.starts(ENTER_ANYWAY, ENTER_ANYWAY_S)
    script = script >> harness.shows() << harness.starts(SETTLE, 0.15)
    script = script >> harness.shows() << harness.stops(SETTLE) << harness.starts(SETTLE, 0.15)
    assert harness.enters(script >> harness.due(SETTLE) << harness.stops(ENTER_ANYWAY))


def test_output_before_the_text_is_typed_counts(harness: SendQueueHarness) -> None:
    script = harness.script() >> harness.sends() << harness.use >> harness.shows() >> harness.free() << harness.typed()
    script = script << NoteUserInput() << harness.starts(ENTER_ANYWAY, ENTER_ANYWAY_S) << harness.starts(SETTLE, 0.15)
    assert harness.enters(script >> harness.due(SETTLE) << harness.stops(ENTER_ANYWAY))


def test_a_program_that_shows_nothing_gets_enter_after_the_time_limit(harness: SendQueueHarness) -> None:
    script = (
        harness.types_hello()
        << harness.starts(ENTER_ANYWAY, ENTER_ANYWAY_S)
        >> harness.due(ENTER_ANYWAY)
        << harness.starts(SETTLE, 0.15)
    )
    assert harness.enters(script >> harness.due(SETTLE))


def test_a_program_that_shows_output_late_gets_enter_at_once(harness: SendQueueHarness) -> None:
    script = (
        harness.types_hello()
        << harness.starts(ENTER_ANYWAY, ENTER_ANYWAY_S)
        >> harness.due(ENTER_ANYWAY)
        << harness.starts(SETTLE, 0.15)
    )
    assert harness.enters(script >> harness.shows() << harness.stops(SETTLE))


def test_the_first_quiet_time_is_not_cut_short(harness: SendQueueHarness) -> None:
    script = (
        harness.types_hello()
        << harness.starts(ENTER_ANYWAY, ENTER_ANYWAY_S)
        >> harness.shows()
        << harness.starts(SETTLE, 0.15)
    )
    assert harness.enters(script >> harness.due(ENTER_ANYWAY) >> harness.due(SETTLE))


def test_a_program_with_endless_output_gets_enter_in_the_end(harness: SendQueueHarness) -> None:
    script = (
        harness.types_hello()
        << harness.starts(ENTER_ANYWAY, ENTER_ANYWAY_S)
        >> harness.shows("10:00")
        << harness.starts(SETTLE, 0.15)
    )
    script = script >> harness.shows("10:01") << harness.stops(SETTLE) << harness.starts(SETTLE, 0.15)
    assert harness.enters(script >> harness.due(ENTER_ANYWAY) << harness.stops(SETTLE))


def test_a_failing_engine_does_not_block_later_requests(harness: SendQueueHarness) -> None:
    class Broken:
        @property
        def modes(self) -> Any:
            raise RuntimeError("broken")

    def fail(emulator: Emulator) -> None:
        with pytest.raises(RuntimeError):
            harness.queue.use_emulator(emulator)

    assert (
        harness.script()
        >> harness.sends()
        << harness.use
        >> harness.sends(Send(2, keys=["Up"], token=OTHER), "two")
        >> do(fail, Broken())
        << SendReply("one", Failed(1, ErrorCode.FAILED, "the terminal engine failed"))
        << harness.use
        >> harness.free()
        << harness.typed("\x1b[A", OTHER)
        << NoteUserInput()
        << SendReply("two", Done(2))
    )
