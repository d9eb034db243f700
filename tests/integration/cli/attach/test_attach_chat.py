"""``outlive attach`` on a structured chat: read, prompt, answer, detach."""

from __future__ import annotations

import re

import pytest

from session_host.paths import config_dir
from session_host.protocol.values import GridSize
from tests.support.area import Area
from tests.support.commands import OnTerminal, new, outlive
from tests.support.structured_chats import add_acp_agent, new_chat, send, wait
from tests.support.terminals import fresh_modes
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("sessions")

DETACH = b"\x02d"


def answer(terminal: OnTerminal, key: str, shown: str) -> None:
    """Press a key until the question takes it, which is only after it was visible for a moment."""
    for _ in range(100):
        terminal.type(key)
        try:
            terminal.see(shown, timeout_s=0.3)
        except AssertionError:
            continue
        return
    raise AssertionError(terminal.text())


def answer_line(terminal: OnTerminal, key: str, shown: str) -> None:
    """As ``answer``, but press again only after a refusal: a key too many would become the next prompt."""
    refusal = b"read it first"

    def is_told() -> bool:
        terminal.show_pending()
        return shown in terminal.text() or terminal.raw.count(refusal) > refusals

    while shown not in terminal.text():
        refusals = terminal.raw.count(refusal)
        terminal.type(f"{key}\n")
        wait_until(is_told, 60, f"{shown!r} or a refusal")


def test_a_prompt_is_answered_and_the_terminal_restored(area: Area) -> None:
    new_chat(area, "x")
    with OnTerminal("attach", "x") as terminal:
        terminal.see("Enter sends")
        terminal.type("answer: a rabbit 漢字\x1b[200~, and\nmore\x1b[201~")
        terminal.see("  more")
        terminal.type("\r")
        terminal.see("\na rabbit 漢字, and\n")
        terminal.type("second\x1b\rline\r")
        terminal.see("echo: second\nline")
        terminal.type("\x1b[A")
        terminal.see("> second\n  line")
        terminal.type("\x02?")
        assert "t try now\n" in terminal.see("Ctrl+B: d detach"), "the line fits into 80 columns"
        terminal.type(DETACH)
        assert terminal.end() == 0
        assert "[detached from x; it keeps running]" in terminal.text()
        assert terminal.modes() == fresh_modes()
    assert outlive("ls", "--json").json()[0]["state"] == "running"


def test_left_in_an_empty_prompt_detaches(area: Area) -> None:
    new_chat(area, "x")
    with OnTerminal("attach", "x") as terminal:
        terminal.see("Enter sends")
        terminal.type("b\x1b[Da")
        terminal.see("> ab")
        terminal.type("\x7f\x1b[C\x7f\x1b[D")
        assert terminal.end() == 0
        assert "[detached from x; it keeps running]" in terminal.text()


def test_a_question_is_shown_completely_and_answered_by_a_key(area: Area) -> None:
    new_chat(area, "x", "run: make all")
    with OnTerminal("attach", "x") as terminal:
        terminal.see("▲ y allow · a always")
        assert re.search(r"\? Run make all\n +make all\n +in ", terminal.text())
        answer(terminal, "y", "the decision was accept")
        assert "(in a terminal)" in terminal.text()
        terminal.see("Enter sends")
        terminal.type("\x15yes\r")  # On a busy machine, more keys were pressed than the question took.
        terminal.see("echo: yes")


def test_a_question_answered_elsewhere_disappears_and_keys_type_again(area: Area) -> None:
    new_chat(area, "x", "run: make all")
    with OnTerminal("attach", "x") as terminal:
        terminal.see("▲ y allow")
        assert outlive("deny", "x").code == 0
        terminal.see("the command was declined")
        terminal.see("Enter sends")
        terminal.type("y")
        terminal.see("\n> y")


def test_a_question_with_a_text_field_is_answered_by_text(area: Area) -> None:
    new_chat(area, "x", "ask: Which one? / first / second")
    with OnTerminal("attach", "x") as terminal:
        terminal.see("1) first")
        terminal.see("▲ Type answer (or 1–2)")
        terminal.type("2\r")
        terminal.see("Which one? → second")


def test_a_turn_is_steered_and_interrupted(area: Area) -> None:
    new_chat(area, "x", "hold: 1")
    with OnTerminal("attach", "x") as terminal:
        terminal.see("◐ Working…")
        terminal.type("left\t")
        terminal.see("steered: left")
        terminal.type("queued one\r")
        terminal.see("(queued")
        terminal.type(b"\x02w")
        terminal.see("(taken back)")
        terminal.type("\x03")
        terminal.see("The turn was interrupted")
        assert "> queued one" in terminal.text()


def test_prompts_that_wait_after_a_stop_are_sent_or_discarded_by_keys(area: Area) -> None:
    new_chat(area, "x", "hold: 1")
    with OnTerminal("attach", "x") as terminal:

        def queue_and_stop(text: str) -> None:
            terminal.see("◐ Working…")
            terminal.type(f"answer: {text}\r")
            terminal.see("(queued")
            terminal.type("\x03")
            terminal.see("○ 1 queued prompt waits · Ctrl+B c sends, Ctrl+B x discards")

        queue_and_stop("later")
        assert "\nlater\n" not in terminal.text()
        terminal.type(b"\x02c")
        terminal.see("\nlater\n")
        terminal.see("Enter sends")
        terminal.type("hold: 1\r")
        queue_and_stop("never")
        terminal.type(b"\x02x")
        terminal.see("(taken back)")
        terminal.see("Enter sends")


def test_a_prompt_that_waits_at_an_amount_is_sent_by_the_key(area: Area) -> None:
    config_dir().mkdir(parents=True, exist_ok=True)
    (config_dir() / "chats.toml").write_text("ask_at_chat = 5\n", encoding="utf-8")
    add_acp_agent()
    new("fake-acp", "--runtime", "structured", "-n", "x", "-C", str(area.home))
    with OnTerminal("attach", "x") as terminal:
        terminal.see("Enter sends")
        terminal.type("spend 6\r")
        terminal.see("Enter sends")
        terminal.type("say two\r")
        terminal.see("(6.00 USD of 5.00 in this chat)")
        terminal.type(b"\x02c")
        terminal.see("\ntwo\n")


@pytest.mark.parametrize("size", [GridSize(20, 5), GridSize(200, 60)])
def test_the_chat_fits_terminals_of_any_size(area: Area, size: GridSize) -> None:
    new_chat(area, "x", "count: 40")
    wait("x", "idle")
    with OnTerminal("attach", "x", size=GridSize(80, 24)) as terminal:
        terminal.see("answer line 0040")
        terminal.type("some words that are longer than a narrow line")
        terminal.see("narrow line")
        terminal.resize(size)
        terminal.type("!")
        terminal.see("!")
        lines = terminal.text().split("\n")
        assert len(lines) <= size.rows
        if size.rows < 40:
            terminal.type("\x1b[5~")
            terminal.see("↑")
            terminal.type("\x1b[6~" * 50)
            terminal.not_see("↑")


def test_the_wheel_scrolls_and_does_not_recall_prompts(area: Area) -> None:
    new_chat(area, "x", "count: 40")
    with OnTerminal("attach", "x") as terminal:
        terminal.see("answer line 0040")
        terminal.type("\x1b[<64;5;5M" * 2)
        terminal.see("↑ 6 more lines below")
        terminal.type("\x1b[<65;5;5M" * 3)
        terminal.see("Enter sends")
        assert terminal.text().endswith("\n>")


def test_a_read_only_viewer_sends_nothing(area: Area) -> None:
    new_chat(area, "x")
    with OnTerminal("attach", "x", "--read-only") as terminal:
        terminal.see("Idle (read-only)")
        terminal.type("a\r")
        terminal.see("read-only: Ctrl+B d detaches")
        send("x", "answer: from elsewhere")
        terminal.see("from elsewhere")


def test_the_end_of_the_agent_is_reported(area: Area) -> None:
    new_chat(area, "x")
    with OnTerminal("attach", "x") as terminal:
        terminal.see("Enter sends")
        assert outlive("kill", "x").code == 0
        assert terminal.end() == 0
        assert "[x ended: killed by you]" in terminal.text()


def test_a_new_chat_is_attached_at_once(area: Area) -> None:
    new_chat(area, "other")
    with OnTerminal("new", "fake", "--runtime", "structured", "-n", "x", "-C", str(area.home)) as terminal:
        terminal.see("Enter sends")
        terminal.type(DETACH)
        assert terminal.end() == 0


def test_a_terminal_without_a_cursor_gets_plain_lines(area: Area) -> None:
    new_chat(area, "x")
    with OnTerminal("attach", "x", env={"TERM": "dumb"}) as terminal:
        terminal.see("Ctrl+D detaches]")
        terminal.see("○ Idle")
        terminal.type("answer: hello there\n")
        terminal.see("\nhello there\n")  # Then "◐ Working…", if the turn's end comes in a later frame.
        wait("x", "idle")
        terminal.type("run: make\n")
        terminal.see("▲ y allow")
        answer_line(terminal, "y", "the decision was accept")
        wait("x", "idle")  # Otherwise, Ctrl+C could interrupt this turn.
        terminal.type("hold: 1\n")
        wait("x", "working")
        terminal.type("\x03")
        terminal.see("■ The turn was interrupted")

        def queue_and_stop(text: str) -> None:
            terminal.type("hold: 1\n")
            wait("x", "working")
            terminal.type(f"answer: {text}\n")
            wait_until(lambda: "(queued" in outlive("peek", "x").output, 60, "the queue")
            shown = terminal.raw.count(b"[Enter sends what waits, Ctrl+C discards it]")
            terminal.type("\x03")

            def waits() -> bool:
                terminal.show_pending()
                return terminal.raw.count(b"[Enter sends what waits, Ctrl+C discards it]") > shown

            wait_until(waits, 60, "the keys")

        queue_and_stop("later")
        terminal.type("\n")
        terminal.see("\nlater\n")
        wait("x", "idle")
        queue_and_stop("never")
        terminal.type("\x03")
        wait_until(lambda: "(taken back)" in outlive("peek", "x").output, 60, "the queue to be discarded")
        terminal.type("\x04")
        assert terminal.end() == 0
        assert "[detached from x; it keeps running]" in terminal.text()
        assert b"\x1b" not in terminal.raw
