"""The command line on structured chats: prompts, screens, exports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from session_host.paths import session_dir, session_journal
from tests.support.area import Area
from tests.support.commands import new, outlive
from tests.support.structured_chats import new_chat, send, wait, wait_for_text
from tests.support.waiting import wait_for_end, wait_until

pytestmark = pytest.mark.usefixtures("sessions")


class TestSend:
    def test_a_text_is_a_prompt_without_enter(self, area: Area) -> None:
        new_chat(area, "x")
        send("x", "answer: yes indeed")
        wait_for_text("x", "^yes indeed$")
        assert outlive("send", "x", "-", typed="two\nlines").code == 0
        wait_for_text("x", "^> two\n  lines$")

    def test_a_prompt_waits_while_the_chat_asks_and_does_not_answer_it(self, area: Area) -> None:
        new_chat(area, "x", "run: make")
        wait("x", "needs_input")
        send("x", "y", "--enter")
        assert "(queued" in outlive("peek", "x").output
        assert outlive("ls", "--json").json()[0]["activity"] == "needs_input"
        assert outlive("deny", "x").code == 0
        wait_for_text("x", "^echo: y$")

    def test_a_text_steers_the_running_turn(self, area: Area) -> None:
        new_chat(area, "x", "hold: 1")
        wait("x", "working")
        send("x", "--steer", "the other way")
        wait_for_text("x", "steered: the other way")

    def test_a_turn_is_interrupted_and_the_next_prompt_goes_first(self, area: Area) -> None:
        new_chat(area, "x", "hold: 1")
        wait("x", "working")
        assert outlive("send", "x", "--interrupt").output.startswith("interrupted x (")
        wait("x", "idle")
        send("x", "hold: 1 again")
        wait("x", "working")
        send("x", "--interrupt", "answer: instead")
        wait_for_text("x", "^instead$")
        wait("x", "idle")
        assert outlive("send", "x", "--interrupt").complaint() == "nothing is running"

    def test_keys_are_refused_in_one_line(self, area: Area) -> None:
        new_chat(area, "x")
        done = outlive("send", "x", "--key", "Enter")
        assert (done.code, "takes prompts, not keys" in done.complaint()) == (2, True)
        assert outlive("send", "x", "--enter").complaint() == "nothing to send; give TEXT"
        assert outlive("send", "x", "--steer", "--interrupt", "a").code == 2

    @pytest.mark.parametrize("more", [(), ("--enter",), ("--interrupt",), ("--steer",)])
    def test_a_text_that_is_empty_stops_no_turn(self, area: Area, more: tuple[str, ...]) -> None:
        """``outlive send x "$UNSET" --interrupt`` stopped it."""
        new_chat(area, "x", "hold: 1")
        wait("x", "working")
        assert outlive("send", "x", "", *more).code == 2
        assert outlive("send", "x", " ", *more).code == 2
        for typed in ("", "\n"):
            assert outlive("send", "x", "-", *more, typed=typed).code == 2
        assert outlive("ls", "--json").json()[0]["activity"] == "working"

    def test_a_terminal_has_no_turns(self) -> None:
        new("-n", "x", "--", "cat")
        done = outlive("send", "x", "--steer", "text")
        assert done.code == 2
        assert "x runs in a terminal" in done.complaint()


def test_peek_shows_the_end_of_the_transcript_during_and_after_the_chat(area: Area) -> None:
    new_chat(area, "x", "count: 30")
    wait_for_text("x", "answer line 0030$")
    wait("x", "idle")
    shown = outlive("peek", "x").output
    assert shown.splitlines()[-1] == "answer line 0030"
    assert outlive("peek", "x", "--lines", "2").output == "answer line 0029\nanswer line 0030\n"
    whole = outlive("peek", "x", "--scrollback").output
    assert whole.startswith("— This is no real Codex.\n\n> count: 30\n")
    screen = outlive("peek", "x", "--json").json()
    assert list(screen) == ["lines", "cursor", "title", "cols", "rows", "alternate_screen", "scrollback_lines"]
    assert "\n\x1b[1;36m> count: 30\x1b[0m\n" in outlive("peek", "x", "--ansi", "--scrollback").output

    assert outlive("stop", "x").code == 0
    assert outlive("peek", "x").output == shown
    assert outlive("peek", "x", "--scrollback").output == whole
    assert outlive("wait", "x", "--text", "line 0007$").code == 0
    assert outlive("wait", "x", "--text", "line 0099$").code == 6


def test_search_finds_text_in_a_chat(area: Area) -> None:
    new_chat(area, "x", "answer: a needle in hay")
    wait_for_text("x", "^a needle")
    wait("x", "idle")
    assert outlive("stop", "x").code == 0
    [answer, prompt] = outlive("search", "needle", "--json").json()
    assert (answer["name"], answer["text"]) == ("x", "a needle in hay")
    assert prompt["text"] == "> answer: a needle in hay"


def test_a_chat_is_exported_in_each_form(area: Area, tmp_path: Path) -> None:
    new_chat(area, "x", "run: make <all>")
    wait("x", "needs_input")
    assert outlive("approve", "x").code == 0
    wait("x", "idle")

    def exported(name: str) -> str:
        done = outlive("export", "x", str(tmp_path / name))
        assert done.code == 0, done.error
        return (tmp_path / name).read_text(encoding="utf-8")

    running = exported("x.md")
    assert "# x\n" in running
    assert "\n## 1. run: make \\<all\\>\n" in running
    assert "Ran make &lt;all&gt; (0" in running
    assert "**Run make \\<all\\>** → Allow, " in running
    assert "> run: make <all>\n" in exported("x.txt")
    page = exported("x.html")
    assert "&gt; run: make &lt;all&gt;</span>" in page
    assert page.endswith("</html>\n")
    items = json.loads(exported("x.json"))
    assert [each["kind"] for each in items["items"] if each["kind"] != "notice"] == ["user", "tool", "agent"]
    assert items["requests"][0]["answer"]["by"] == "command"
    assert outlive("stop", "x").code == 0
    assert exported("x.md").startswith(running.rstrip("\n"))


def test_a_chat_with_a_damaged_recording_is_exported_as_far_as_it_can_be_read(area: Area, tmp_path: Path) -> None:
    session_id = new_chat(area, "x")
    send("x", "answer: hello")
    wait_for_text("x", "^hello$")
    wait("x", "idle")
    paths = session_journal(session_id).glob
    # Before the end: otherwise one entry may have the whole chat, and its damage leaves nothing.
    wait_until(lambda: any(b"hello" in path.read_bytes() for path in paths("*.log")), 60, "the recording")
    host_pid = outlive("ls", "--json").json()[0]["host_pid"]
    assert outlive("stop", "x").code == 0
    wait_for_end(host_pid, 60)  # The host saves the chat before it ends.
    (session_dir(session_id) / "screen.bin").unlink()
    *_, segment = session_journal(session_id).glob("*.log")
    segment.write_bytes(segment.read_bytes()[:-1])
    for suffix in ("md", "txt", "html", "json"):
        path = tmp_path / f"x.{suffix}"
        done = outlive("export", "x", str(path))
        assert done.code == 1
        assert f"{path} is written, but without all" in done.complaint()
        text = path.read_text(encoding="utf-8")
        assert "hello" in text
        assert ('"complete": false' if suffix == "json" else "the rest of the chat is missing") in text


def test_unsupported_export_forms_are_refused(area: Area, tmp_path: Path) -> None:
    new_chat(area, "x")
    done = outlive("export", "x", str(tmp_path / "x.cast"))
    assert (done.code, done.complaint()) == (
        2,
        "x is a chat view: name the file FILE.md, FILE.html, FILE.txt or FILE.json",
    )
    new("-n", "y", "--", "cat")
    done = outlive("export", "y", str(tmp_path / "y.md"))
    assert (done.code, done.complaint()) == (2, "y runs in a terminal: name the file FILE.html, FILE.txt or FILE.cast")
    assert "no terminal to replay" in outlive("replay", "x").complaint()


def test_explain_names_the_protocol_as_the_source(area: Area) -> None:
    new_chat(area, "x", "run: make")
    wait("x", "needs_input")
    explanation = outlive("explain", "x", "--json").json()
    assert (explanation["activity"], explanation["activity_source"], explanation["activity_detail"]) == (
        "needs_input",
        "protocol",
        "Run make",
    )
    assert "silence" not in outlive("explain", "x").output
