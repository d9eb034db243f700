"""The search for a typed text on the screen: each test is a script of events and effects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from session_host.protocol.messages import Failed, Send
from session_host.protocol.values import ErrorCode, GridSize
from session_host.session.effects import AppendEntry, NoteUserInput, SendReply
from session_host.session.send_queue import (
    COVERED,
    ECHO,
    ENTER_ANYWAY,
    ENTER_ANYWAY_S,
    NO_ENTER,
    NOT_READING,
    NOT_SHOWN,
    PAUSE,
    READING,
    READING_POLL_S,
    READING_WITHIN_S,
    SEARCH,
    SEARCH_DELAY_S,
    SETTLE,
    SLOW_PAUSE,
)
from session_host.session.shown_text import expected_echo, positions
from session_host.storage.descriptors.log_entries import EntryKind
from session_host.terminal import create
from session_host.terminal.base import EngineName
from tests.support.playbook import do
from tests.support.send_queue_harness import (
    DONE,
    ENTER,
    PAUSING,
    SHOWING,
    SHOWING_AT_ONCE,
    TOKEN,
    SendQueueHarness,
)


@pytest.fixture
def harness(request: pytest.FixtureRequest) -> Iterator[SendQueueHarness]:
    """An indirect parameter sets the program's ``Watch``."""
    harness = SendQueueHarness(getattr(request, "param", PAUSING))
    yield harness
    harness.emulator.close()


@pytest.mark.parametrize("harness", [SHOWING], indirect=True)
def test_a_shown_text_gets_enter_once_the_screen_is_quiet(harness: SendQueueHarness) -> None:
    script = harness.typed_and_searched()
    script = (
        script
        >> harness.shows("thinking")
        << harness.starts(SEARCH, SEARCH_DELAY_S)
        >> harness.due(SEARCH)
        << harness.use
    )
    script = script >> harness.free() >> harness.shows("\r\n> hello") << harness.starts(SEARCH, SEARCH_DELAY_S)
    script = script >> harness.due(SEARCH) << harness.use >> harness.free() << harness.stops(ECHO)
    script = script << harness.starts(ENTER_ANYWAY, ENTER_ANYWAY_S + 0.15) << harness.starts(SETTLE, 0.15)
    assert harness.enters(script >> harness.due(SETTLE) << harness.stops(ENTER_ANYWAY))


@pytest.mark.parametrize("harness", [SHOWING_AT_ONCE], indirect=True)
def test_a_shown_text_gets_enter_at_once_without_a_pause_setting(harness: SendQueueHarness) -> None:
    assert (
        harness.types_hello()
        << harness.starts(ECHO, 1.5)
        << harness.use
        >> harness.shows("> hello")
        >> harness.free()
        << harness.stops(ECHO)
        << harness.use_after_output
        >> harness.free()
        << harness.typed("\r", ENTER)
        << NoteUserInput()
        << DONE
    )


@pytest.mark.parametrize("harness", [SHOWING], indirect=True)
def test_a_text_without_enter_is_done_once_it_is_shown(harness: SendQueueHarness) -> None:
    assert (
        harness.script()
        >> harness.sends(Send(1, "hello", token=TOKEN))
        << harness.use
        >> harness.free()
        << harness.typed("hello")
        << NoteUserInput()
        << harness.starts(ECHO, 1.5)
        << harness.use
        >> harness.shows("> hello")
        >> harness.free()
        << harness.stops(ECHO)
        << DONE
    )


def not_shown() -> SendReply:
    return SendReply("one", Failed(1, ErrorCode.FAILED, NOT_SHOWN + NO_ENTER))


@pytest.mark.parametrize("harness", [SHOWING], indirect=True)
def test_a_text_that_an_agent_drops_gets_no_enter(harness: SendQueueHarness) -> None:
    assert harness.typed_and_searched() >> harness.due(ECHO) << harness.use >> harness.free() << not_shown()


@pytest.mark.parametrize("harness", [SHOWING], indirect=True)
def test_a_dialog_that_covers_the_text_before_its_enter_is_not_approved(harness: SendQueueHarness) -> None:
    script = harness.typed_and_searched() >> harness.shows("> hello") << harness.starts(SEARCH, SEARCH_DELAY_S)
    script = script >> harness.due(SEARCH) << harness.use >> harness.free() << harness.stops(ECHO)
    script = script << harness.starts(ENTER_ANYWAY, ENTER_ANYWAY_S + 0.15) << harness.starts(SETTLE, 0.15)
    script = script >> harness.due(SETTLE) << harness.stops(ENTER_ANYWAY) << harness.use_after_output
    # The performer reads this output only now.
    script = script >> harness.shows("\x1b[2J\x1b[HAllow? 1. Yes") >> harness.free()
    refused = Failed(1, ErrorCode.FAILED, COVERED + "; the text was typed, but not Enter")
    assert (
        script << AppendEntry(EntryKind.UNSENT, b"> hello") << SendReply("one", refused) << harness.starts(PAUSE, 0.15)
    )


@pytest.mark.parametrize("harness", [SHOWING], indirect=True)
def test_the_same_text_in_the_history_does_not_count_as_shown(harness: SendQueueHarness) -> None:
    harness.emulator.feed(b"hello\r\n")
    assert harness.typed_and_searched() >> harness.due(ECHO) << harness.use >> harness.free() << not_shown()


@pytest.mark.parametrize("harness", [SHOWING], indirect=True)
def test_at_the_time_limit_a_changing_screen_is_searched_a_last_time_at_once(
    harness: SendQueueHarness,
) -> None:
    script = harness.typed_and_searched() >> harness.shows("thinking") << harness.starts(SEARCH, SEARCH_DELAY_S)
    assert script >> harness.due(ECHO) << harness.stops(SEARCH) << harness.use >> harness.free() << not_shown()


@pytest.mark.parametrize("harness", [SHOWING], indirect=True)
def test_at_the_time_limit_a_waiting_search_is_done_once_more(harness: SendQueueHarness) -> None:
    script = harness.types_hello() << harness.starts(ECHO, 1.5) << harness.use >> harness.due(ECHO)
    assert script >> harness.free() << harness.use >> harness.free() << not_shown()


@pytest.mark.parametrize("harness", [SHOWING], indirect=True)
def test_output_that_arrives_while_the_search_waits_is_searched(harness: SendQueueHarness) -> None:
    script = harness.types_hello() << harness.starts(ECHO, 1.5) << harness.use >> harness.shows("thinking")
    script = script >> harness.free() << harness.starts(SEARCH, SEARCH_DELAY_S) >> harness.due(SEARCH) << harness.use
    assert script >> harness.free() >> harness.due(ECHO) << harness.use >> harness.free() << not_shown()


@pytest.mark.parametrize("harness", [SHOWING], indirect=True)
def test_the_screen_of_an_ended_program_is_searched_once_more(harness: SendQueueHarness) -> None:
    harness.take_effects()
    script = harness.typed_and_searched() >> harness.shows("thinking") << harness.starts(SEARCH, SEARCH_DELAY_S)
    script = script >> do(harness.session.program_ended, 0, None)
    script = script >> harness.due(SEARCH) << harness.use >> harness.free() << harness.stops(ECHO)
    assert script << not_shown()


def test_a_small_terminal_is_not_searched() -> None:
    harness = SendQueueHarness(SHOWING, GridSize(30, 8))
    script = (
        harness.types_hello()
        << harness.starts(ENTER_ANYWAY, ENTER_ANYWAY_S)
        >> harness.shows()
        << harness.starts(SETTLE, 0.15)
    )
    assert harness.enters(script >> harness.due(SETTLE) << harness.stops(ENTER_ANYWAY))
    harness.emulator.close()


@pytest.mark.parametrize("harness", [SHOWING], indirect=True)
def test_a_text_typed_by_a_previous_host_is_searched_at_its_position(harness: SendQueueHarness) -> None:
    harness.terminal.typed_tokens.append(TOKEN)
    harness.emulator.feed(b"> hello")
    script = (
        harness.script() >> harness.sends() << harness.use >> harness.free() << harness.starts(ECHO, 1.5) << harness.use
    )
    script = (
        script
        >> harness.free()
        << harness.stops(ECHO)
        << harness.starts(ENTER_ANYWAY, ENTER_ANYWAY_S + 0.15)
        << harness.starts(SETTLE, 0.15)
    )
    assert harness.enters(script >> harness.due(SETTLE) << harness.stops(ENTER_ANYWAY))


@pytest.mark.parametrize("harness", [SHOWING], indirect=True)
@pytest.mark.parametrize("text", ["hello", "many\nlines"])
def test_nothing_is_typed_while_the_terminal_itself_echoes(harness: SendQueueHarness, text: str) -> None:
    harness.is_echoing = True
    waiting = harness.script() >> harness.sends(Send(1, text, enter=True, token=TOKEN)) << harness.use
    waiting = waiting >> harness.free() << harness.starts(READING, READING_POLL_S) >> harness.shows("starting")
    assert waiting >> harness.due(READING) << harness.use

    harness.is_echoing = False
    harness.queue.use_emulator(harness.emulator)

    assert harness.typed(f"\x1b[200~{text}\x1b[201~".replace("\n", "\r")) in harness.take_effects()


@pytest.mark.parametrize("harness", [SHOWING], indirect=True)
def test_an_agent_that_never_reads_its_terminal_gets_nothing(harness: SendQueueHarness) -> None:
    harness.is_echoing = True
    script = harness.script() >> harness.sends() << harness.use
    for _ in range(round(READING_WITHIN_S / READING_POLL_S)):
        script = (
            script >> harness.free() << harness.starts(READING, READING_POLL_S) >> harness.due(READING) << harness.use
        )
    assert script >> harness.free() << SendReply("one", Failed(1, ErrorCode.FAILED, NOT_READING))


LONG = 'ux Write {"file_path":"/srv/some/long/path/which/goes/on/until/the/row/is/full/file.txt"} #1'
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


@pytest.mark.parametrize("engine", ["ghostty", "pyte"])
@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (LONG, (" > ux Write", '   {"file_path":"/srv/some/long/…/until/the/row/is/f', '   ull/file.txt"} #1')),
        (LONG, ("┃ the beginning is above the box █", '┃   /full/file.txt"               █', "┃ } #1")),
        ("これは長い文章なので折り返されます。", ("│ > これは長い文章なので折 │", "│   り返されます。     │")),
        ("全角\u3000スペース 12", ("› 全角 スペース 12",)),
        ("e\u0301te\u0301 nai\u0308ve", ("❯ été naïve",)),
        (f"a family {FAMILY} test", ("❯ a family 👨👩👧 test",)),
        ("हिन्दी में लिखा हुआ पाठ number 6", ("› हिन्दीC में लिखा हुआ पाठ number 6",)),
        ("zero\u200bwidth 13", ("┃  zerowidth 1",)),
        ("zero\u200bwidth\u2028and a\tline", ("❯ zerowidth", "  and a    line")),
        ("Hangul\u3164fillers\u115f\u1160", ("❯ Hangul  fillers",)),
        ("nb\u00a0first\nsecond\nthird 16", ("› nb first", "  second", "  third 16")),
        ("first\nsecond\nthird", ("❯ [Pasted text #3 +2 lines]",)),
        ("first\nsecond\nthird", ("┃ [Paste #1 - 3 lines]",)),
        ("word " * 300, ("> [Pasted Content 1500 chars]",)),
        ("/tmp/shot.png", ("› [Image #1]",)),
        ("'/tmp/a shot.png'", ("┃ [📷 a shot.png]",)),
        ("/tmp/shot.png", ("  Attachments: [clipboard-1795701332746-0.png]",)),
    ],
)
def test_a_text_is_found_as_agents_show_it(engine: EngineName, text: str, rows: Sequence[str]) -> None:
    emulator = create(engine, GridSize(80, 24))
    echo = expected_echo(Send(1, text, enter=True))
    assert echo is not None
    emulator.feed(b"text [Y/n] [1] /tmp/\r\n")
    assert positions(emulator, echo) == frozenset()

    emulator.feed("\r\n".join(rows).encode())

    assert positions(emulator, echo)
    emulator.close()


@pytest.mark.parametrize("harness", [SHOWING], indirect=True)
def test_an_agent_that_is_slow_to_show_the_text_gets_enter_after_a_longer_pause(harness: SendQueueHarness) -> None:
    """On a busy computer, Gemini CLI inserts a line end for an Enter that comes while it still handles the paste."""
    script = harness.typed_and_searched() >> harness.shows("> hello") << harness.starts(SEARCH, SEARCH_DELAY_S)
    script = script >> harness.due(SEARCH) << harness.use >> harness.ages(1.0) >> harness.free() << harness.stops(ECHO)
    pause_s = SLOW_PAUSE * 1.0
    assert script << harness.starts(ENTER_ANYWAY, ENTER_ANYWAY_S + pause_s) << harness.starts(SETTLE, pause_s)
