"""``outlive attach`` on a terminal: the display, the program's input, and the restored terminal."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import socket
import sys
from pathlib import Path

import pytest

from session_host.paths import config_dir, session_socket
from session_host.protocol.messages import PENDING_INPUT_BYTES, Key
from session_host.protocol.values import GridSize, Modifiers
from session_host.system.processes.identity import is_stopped
from session_host.terminal.encode import encode_key
from tests.programs import Gate, program
from tests.support import processes
from tests.support.commands import OnTerminal, new, outlive
from tests.support.terminals import fresh_modes
from tests.support.waiting import wait_for_end, wait_until

pytestmark = pytest.mark.usefixtures("sessions")

DETACH = b"\x02d"


def received(terminal: OnTerminal) -> bytes:
    """The input that the program reports, joined from any number of pieces."""
    return bytes.fromhex("".join(re.findall(r"<([0-9a-f]*)>", terminal.text())))


def child_pid(session_id: str) -> int:
    entries = outlive("ls", "--all", "--json").json()
    return int(next(entry["child_pid"] for entry in entries if entry["id"] == session_id))


def test_attach_shows_the_screen_types_and_detaches() -> None:
    session_id = new("-n", "echo", "--", *program("raw_echo", "--show"))
    with OnTerminal("attach", "echo", is_executed=True) as terminal:
        terminal.see("ready")
        for typed, shown in (("a", "<61>"), ("\r", "<0d>"), ("\x1b[A", "<1b5b41>"), ("\x03", "<03>"), ("é", "<c3a9>")):
            terminal.type(typed)
            terminal.see(shown)

        terminal.type(DETACH)

        assert terminal.end() == 0
        assert "[detached from echo; it keeps running]" in terminal.text()
        assert "<61>" not in terminal.text(), "the previous screen is back"
        assert terminal.modes() == fresh_modes()
        assert not terminal.screen.modes.alternate_screen
    assert processes.is_alive(child_pid(session_id))


def test_a_chats_ssh_agent_is_that_of_the_login_that_attached_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (tmp_path / "1").resolve(), (tmp_path / "2").resolve()
    with socket.socket(socket.AF_UNIX) as one, socket.socket(socket.AF_UNIX) as other:
        one.bind(str(first))
        other.bind(str(second))
        monkeypatch.setenv("SSH_AUTH_SOCK", str(first))
        session_id = new("-n", "chat", "--", "sh", "-c", "readlink $SSH_AUTH_SOCK; cat")
        assert outlive("wait", "chat", "--text", str(first), "--timeout", "60").code == 0
        with OnTerminal("attach", "chat", env={"SSH_AUTH_SOCK": str(second)}, is_executed=True) as terminal:
            link = session_socket(session_id).with_suffix(".ssh")
            wait_until(lambda: link.readlink() == second, 20, "the link to point to the second agent")
            terminal.type(DETACH)
            assert terminal.end() == 0
    assert outlive("kill", "chat").code == 0
    wait_until(lambda: not link.is_symlink(), 20, "the link to be removed")


KEYS = [
    (Key("", 0, "Enter", "", Modifiers.SHIFT), b"\x1b[27;2;13~"),
    (Key("", 0, "Enter", "", Modifiers.CTRL), b"\x1b[27;5;13~"),
    (Key("", 0, "e", "", Modifiers.CTRL | Modifiers.SHIFT), b"\x1b[27;6;69~"),
    (Key("", 0, "ArrowUp", "", Modifiers.SHIFT), b"\x1b[1;2A"),
    (Key("", 0, "Tab", "", Modifiers.CTRL), b"\x1b[27;5;9~"),
    (Key("", 0, "c", "", Modifiers.CTRL), b"\x03"),
    (Key("", 0, "Escape"), b"\x1b"),
    (Key("", 0, "a", "a"), b"a"),
]


@pytest.mark.parametrize("knows", ["kitty's protocol", "modifyOtherKeys"])
def test_keys_with_modifiers_reach_a_program_that_asked_for_them(knows: str) -> None:
    code = (
        "import os, tty; tty.setraw(0); os.write(1, b'\\x1b[>4;1mready ')\n"
        "while True: os.write(1, b'<%s>' % os.read(0, 4096).hex().encode())"
    )
    new("-n", "asked", "--", sys.executable, "-ISc", code)
    with OnTerminal("attach", "asked", size=GridSize(200, 24)) as terminal:
        terminal.see("ready")
        assert b"\x1b[>5u\x1b[>4;2m" in terminal.raw
        wanted = b""
        for key, received_as in KEYS:
            modes = terminal.screen.modes
            if knows == "modifyOtherKeys":
                modes = modes._replace(kitty_keyboard=0, modify_other_keys=2)
            else:
                assert modes.kitty_keyboard == 5
            terminal.type(encode_key(key, modes))
            wanted += received_as
            terminal.see(f"<{received_as.hex()}>")
        assert received(terminal) == wanted
        terminal.type(b"\x1b[98;133ud")  # Ctrl+B while Num Lock is on, in kitty's keyboard protocol.
        assert terminal.end() == 0
        assert terminal.screen.modes.kitty_keyboard == 0
        assert terminal.raw.rstrip().count(b"\x1b[<u\x1b[>4m") == 1


def test_the_terminal_is_restored_while_attach_is_suspended() -> None:
    new("-n", "echo", "--", *program("raw_echo", "--show", "--enable", "1003"))
    with OnTerminal("attach", "echo") as terminal:
        terminal.see("ready")
        os.kill(terminal.pid, signal.SIGTSTP)
        terminal.not_see("ready")
        assert not terminal.screen.modes.alternate_screen
        assert (terminal.screen.modes.kitty_keyboard, terminal.screen.modes.mouse) == (0, "none")
        wait_until(lambda: is_stopped(terminal.pid), 10, "it to stop")
        assert terminal.modes() == fresh_modes()
        os.kill(terminal.pid, signal.SIGCONT)
        terminal.see("ready")
        terminal.type("y")
        terminal.see("<79>")
        assert (terminal.screen.modes.kitty_keyboard, terminal.screen.modes.mouse) == (5, "any_motion")
        terminal.type(DETACH)
        assert terminal.end() == 0
        assert terminal.modes() == fresh_modes()
        assert terminal.screen.modes.kitty_keyboard == 0


def test_the_prefix_typed_twice_is_sent_and_an_unknown_key_after_it_is_not() -> None:
    new("-n", "echo", "--", *program("raw_echo", "--show"))
    with OnTerminal("attach", "echo") as terminal:
        terminal.see("ready")
        terminal.type(b"\x02\x02")
        terminal.see("<02>")
        terminal.type(b"\x02x")
        terminal.see("Unknown key after Ctrl+B")
        terminal.type(b"\x02?")
        assert terminal.see("Ctrl+B: d detach").rstrip().endswith("t try now"), "the line fits into 80 columns"
        terminal.type(b"y")
        terminal.see("79>")
        assert received(terminal) == b"\x02y"
        terminal.type(DETACH)
        assert terminal.end() == 0


REPORTS = b"\x1b[12;40R\x1b[?62;22c\x1b]11;rgb:1515/1717/1c1c\x1b\\\x1bP>|XTerm(370)\x1b\\\x1b[I\x1b[?2026;2$y"


def test_what_looks_like_a_report_is_typed_and_reports_are_not() -> None:
    new("-n", "echo", "--", *program("raw_echo", "--show"))
    with OnTerminal("attach", "echo") as terminal:
        terminal.see("ready")
        for typed in (b"\x1b", b"\x1bf", b"\x1b]a", b"\x1b[1"):
            terminal.type(typed)
            terminal.see(f"{typed[-1:].hex()}>")
        terminal.type(REPORTS + b"z")
        terminal.see("7a>")
        assert received(terminal) == b"\x1b\x1bf\x1b]a\x1b[1z"


def test_a_paste_is_bracketed_only_for_a_program_that_asked() -> None:
    new("-n", "plain", "--", *program("raw_echo", "--show"))
    new("-n", "asked", "--", *program("raw_echo", "--show", "--enable", "2004"))
    for name, shown in (("plain", f"<{b'a'.hex()}0d{b'b'.hex()}>"), ("asked", "<1b5b3230307e61")):
        with OnTerminal("attach", name) as terminal:
            terminal.see("ready")
            terminal.type(b"\x1b[200~a\nb\x1b[201~")
            terminal.see(shown)


def test_mouse_and_focus_reach_a_program_that_asked() -> None:
    new("-n", "echo", "--size", "80x24", "--", *program("raw_echo", "--show", "--enable", "1000,1006,1004"))
    with OnTerminal("attach", "echo") as terminal:
        terminal.see("ready")
        assert terminal.screen.modes.mouse == "press_release"
        terminal.type(b"\x1b[<0;5;6M")
        terminal.see(b"\x1b[<0;5;6M".hex())
        terminal.type(b"\x1b[O")
        terminal.see(b"\x1b[O".hex())


def test_the_session_follows_the_terminals_size() -> None:
    new("-n", "size", "--", *program("window_size"))
    with OnTerminal("attach", "size", size=GridSize(90, 20)) as terminal:
        terminal.see("90x20")
        terminal.resize(GridSize(70, 18))
        terminal.see("70x18")


def test_the_previous_size_returns_when_a_small_terminal_is_killed() -> None:
    new("-n", "size", "--", *program("window_size"))
    with OnTerminal("attach", "size", size=GridSize(90, 20)) as first:
        first.see("90x20")
        with OnTerminal("attach", "size", size=GridSize(50, 10)) as small:
            first.see("50x10")
            os.kill(small.pid, signal.SIGKILL)
            wait_until(lambda: outlive("ls", "--json").json()[0]["cols"] == 90, 10, "the previous size")
        first.type(DETACH)
        assert first.end() == 0
    assert outlive("peek", "size").output.splitlines()[-1].startswith("size 90x20 ")


def test_a_terminal_smaller_than_the_grid_shows_the_part_with_the_cursor(tmp_path: Path) -> None:
    with Gate(tmp_path / "gate") as gate:
        new("-n", "lines", "--", *program("numbered_lines", 30, "--gate", gate.path, "--stay"))
        with OnTerminal("attach", "lines", size=GridSize(12, 3)) as terminal:
            screen = terminal.see("end of lines")
            assert screen.split("\n")[:2] == ["line 000030", "end of lines"]


def test_read_only_types_nothing_and_detaches() -> None:
    new("-n", "echo", "--", *program("raw_echo", "--show"))
    with OnTerminal("attach", "echo", "--read-only") as terminal:
        terminal.see("ready")
        terminal.type("abc\x1b[A\x1b[200~paste\x1b[201~")
        outlive("send", "echo", "z")
        screen = terminal.see("<7a>")
        assert screen.split() == ["ready", "<7a>"]
        terminal.type(DETACH)
        assert terminal.end() == 0


def test_attach_ends_with_the_agent_and_reports_how_it_ended(tmp_path: Path) -> None:
    with Gate(tmp_path / "gate") as gate:
        new("-n", "short", "--", *program("end_with", "7", "--text", "waiting", "--gate", gate.path))
        with OnTerminal("attach", "short") as terminal:
            terminal.see("waiting")
            gate.release()
            assert terminal.end() == 0
            assert "[short ended: exit code 7]" in terminal.text()
            assert terminal.modes() == fresh_modes()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_only_attach_and_restores_the_terminal(number: signal.Signals) -> None:
    session_id = new("-n", "echo", "--", *program("raw_echo", "--show", "--enable", "1003,2004"))
    with OnTerminal("attach", "echo") as terminal:
        terminal.see("ready")

        os.kill(terminal.pid, number)

        assert terminal.end() == 128 + number
        assert terminal.modes() == fresh_modes()
        assert terminal.screen.modes.mouse == "none"
        assert terminal.screen.modes.kitty_keyboard == 0
        assert not terminal.screen.modes.bracketed_paste
        assert not terminal.screen.modes.alternate_screen
        assert terminal.screen.cursor.visible
    assert processes.is_alive(child_pid(session_id))


@pytest.mark.parametrize("how", ["SIGKILL", "terminal closed"])
def test_killing_attach_in_mid_stream_does_not_affect_the_agent(how: str, tmp_path: Path) -> None:
    with Gate(tmp_path / "gate") as gate:
        session_id = new(
            "-n", "lines", "--", *program("numbered_lines", 2000, "--gate", gate.path, "--before", 1000, "--stay")
        )
        agent = child_pid(session_id)
        with OnTerminal("attach", "lines") as terminal:
            terminal.see("line 000999")
            if how == "SIGKILL":
                terminal.kill()
            else:
                terminal.close()
            wait_for_end(terminal.pid, 10)
        gate.release()
        assert outlive("wait", "lines", "--text", "end of lines", "--timeout", "60").code == 0

        with OnTerminal("attach", "lines") as terminal:
            terminal.see("end of lines")

        lines = outlive("peek", "lines", "--scrollback").output.split("\n")
        assert lines[:2000] == [f"line {number:06}" for number in range(1, 2001)]
        assert child_pid(session_id) == agent
        assert processes.is_alive(agent)


def test_refused_input_is_reported_on_the_last_line() -> None:
    new("-n", "deaf", "--", "sh", "-c", "seq 50; stty raw -echo; echo deaf; sleep 1000")
    with OnTerminal("attach", "deaf") as terminal:
        terminal.see("deaf")
        paste = b"\x1b[200~" + b"x" * 200_000 + b"\x1b[201~"
        for _ in range(PENDING_INPUT_BYTES // 200_000 + 2):
            terminal.type_all(paste)

        assert terminal.see("input refused (").split("\n")[23].startswith(" input refused (Ctrl+B c to continue): ")
        terminal.type(b"\x02[")
        terminal.see("rows back")
        terminal.type(b"q")
        terminal.see("input refused (")  # Until the user accepts it, other notices only hide it.
        terminal.type(b"\x02c")
        terminal.not_see("input refused")
        terminal.type(DETACH)
        assert terminal.end() == 0


def test_a_paste_of_more_than_four_million_characters_is_one_paste(tmp_path: Path) -> None:
    read = tmp_path / "read"
    reader = (
        "import os, tty; tty.setraw(0); os.write(1, b'\\x1b[?2004hready\\r\\n')\n"
        f"file = open({str(read)!r}, 'ab', 0)\n"
        "while True: file.write(os.read(0, 1 << 20))"
    )
    new("-n", "reader", "--", sys.executable, "-ISc", reader)
    text = b"".join(b"%08d, " % number for number in range(440_000))
    with OnTerminal("attach", "reader") as terminal:
        terminal.see("ready")
        terminal.type_all(b"\x1b[200~" + text + b"\x1b[201~q")
        wait_until(lambda: read.exists() and read.stat().st_size == len(text) + 13, 20, "all of it to be read")
    assert read.read_bytes() == b"\x1b[200~" + text + b"\x1b[201~q"


def test_new_attaches_in_a_terminal() -> None:
    with OnTerminal("new", "-n", "echo", "--", *program("raw_echo", "--show"), size=GridSize(100, 30)) as terminal:
        terminal.see("ready")
        terminal.type("a")
        terminal.see("<61>")
        terminal.type(DETACH)
        assert terminal.end() == 0
    entry = outlive("ls", "--json").json()[0]
    assert (entry["name"], entry["cols"], entry["rows"]) == ("echo", 100, 30)


def test_attach_is_refused_in_one_line() -> None:
    session_id = new("-n", "echo", "--", "cat")
    done = outlive("attach", "echo")
    assert done.code == 1
    assert "needs a terminal" in done.complaint()
    for environment, words in (({"OUTLIVE_SESSION": session_id}, "inside itself"), ({"TERM": "dumb"}, "TERM=dumb")):
        with OnTerminal("attach", "echo", env=environment) as terminal:
            assert terminal.end() == 1
            assert words in terminal.text()
    plain = "echo runs in a terminal: --plain works only with chat views; leave it out"
    assert outlive("attach", "echo", "--plain").complaint() == plain
    outlive("kill", "echo")
    with OnTerminal("attach", "echo") as terminal:
        assert terminal.end() == 6
        assert "echo was killed by you" in terminal.text()


def test_attach_shows_that_the_host_does_not_answer_and_can_be_left() -> None:
    new("-n", "echo", "--", *program("raw_echo", "--show"))
    [entry] = outlive("ls", "--json").json()
    with OnTerminal("attach", "echo") as terminal:
        terminal.see("ready")
        processes.stop(entry["host_pid"])
        try:
            terminal.type("a")
            terminal.see("the chat does not answer; 1 character waits")
            terminal.type(b"\x02?")
            terminal.see("Ctrl+B: d detach")
        finally:
            os.kill(entry["host_pid"], signal.SIGCONT)
        terminal.see("<61>")
        terminal.not_see("does not answer")
        processes.stop(entry["host_pid"])
        try:
            terminal.type("b")
            terminal.type(b"\x02d")
            assert terminal.end() == 0
        finally:
            os.kill(entry["host_pid"], signal.SIGCONT)
    wait_until(lambda: outlive("peek", "echo").output.split() == ["ready", "<61>", "<62>"], 20, "what was typed, once")


def test_attach_without_a_name_shows_the_only_chat_or_asks_which() -> None:
    new("-n", "first", "--", "sh", "-c", "echo this is first; exec cat")
    with OnTerminal("attach") as terminal:
        terminal.see("this is first")
        terminal.type(DETACH)
        assert terminal.end() == 0
    new("-n", "asks", "--", "sh", "-c", r"printf '\033]7501;state=blocked\007'; echo this asks; exec cat")
    wait_until(lambda: "needs you" in outlive("ls").output, 60, "the question to be known")
    for typed, shown in (("\r", "this asks"), ("2\r", "this is first"), ("asks\r", "this asks")):
        with OnTerminal("attach") as terminal:
            terminal.see("Attach to")
            assert terminal.text().index("1  asks") < terminal.text().index("2  first")
            terminal.type(typed)
            terminal.see(shown)
            terminal.type(DETACH)
            assert terminal.end() == 0
    with OnTerminal("attach") as terminal:
        terminal.see("Attach to")
        terminal.type("3\r")
        assert terminal.end() == 3
    assert outlive("attach").code == 2, "without a terminal"


LINES = b"".join(b"%08d, a line of a text that is pasted\xc3\xa9\r" % number for number in range(1000))


def test_a_long_paste_without_brackets_arrives_completely(tmp_path: Path) -> None:
    read = tmp_path / "read"
    reader = (
        "import os, tty; tty.setraw(0); os.write(1, b'ready\\r\\n')\n"
        f"file = open({str(read)!r}, 'ab', 0)\n"
        "while True: file.write(os.read(0, 1 << 20))"
    )
    new("-n", "reader", "--", sys.executable, "-ISc", reader)
    with OnTerminal("attach", "reader") as terminal:
        terminal.see("ready")
        terminal.type_all(LINES)
        wait_until(lambda: read.exists() and read.stat().st_size >= len(LINES), 20, "all of it to be read")
        assert "refused" not in terminal.text()
        terminal.type_all(b"x" * 100 + DETACH)
        assert terminal.end() == 0
    wait_until(lambda: read.stat().st_size >= len(LINES) + 100, 20, "the rest to be read")
    assert read.read_bytes() == LINES + b"x" * 100


def shown_lines(terminal: OnTerminal) -> str:
    """The terminal's text without the notice that may be below it."""
    terminal.show_pending()
    return terminal.text().partition(" Ctrl+B, then")[0].rstrip()


def test_whatever_is_typed_the_terminal_shows_the_chats_screen() -> None:
    new("-n", "echo", "--", *program("raw_echo"))
    order = random.Random(2)
    weights: dict[str | bytes, int] = {
        "a": 30,
        "b": 30,
        "xyz": 5,
        "several words": 1,
        "\r\n": 5,
        "\b": 2,
        "\t": 1,
        "é": 1,
        "\x1b[1m": 1,
        "\x1b[m": 1,
        "\x1b[A": 1,
        b"\x02?": 1,
    }
    with OnTerminal("attach", "echo") as terminal:
        terminal.see("ready")
        for number in range(150):
            if number % 15 == 14:
                terminal.type("\r\n")  # No line fills the screen's width: wrapped lines are compared as two.
            terminal.type(order.choices(list(weights), list(weights.values()))[0])
            if order.random() < 0.5:
                terminal.show_pending()
        terminal.type("\r\nend of it")
        terminal.see("end of it")
        lines = outlive("peek", "echo").output.rstrip("\n")
        wait_until(lambda: shown_lines(terminal) == lines, 20, "the same screen")


LEFT = b"\x1b[D"


@pytest.fixture
def agent() -> None:
    """A catalog file for ``tests/programs/prompt_line.py``."""
    agents = config_dir() / "agents"
    agents.mkdir(parents=True)
    words = json.dumps(program("prompt_line"), ensure_ascii=False)
    (agents / "prompting.toml").write_text(
        f"title = 'Prompting'\nexecutable = 'sh'\nstart = {words}\nmonogram = 'P'\n"
        "[signals]\nempty_prompt = '❯\\s'\n[signals.titles]\n'^ready' = 'idle'\n'^work' = 'working'\n",
        encoding="utf-8",
    )


def idle(name: str = "chat") -> None:
    assert outlive("wait", name, "--activity", "idle", "--timeout", "30").code == 0


@pytest.mark.usefixtures("agent")
def test_left_detaches_only_while_the_input_line_is_empty() -> None:
    new("prompting", "-n", "chat")
    idle()
    for text, got in (("", ""), ("hello", "did hello")):
        with OnTerminal("attach", "chat") as terminal:
            terminal.see("❯")
            if text:
                terminal.type(text[0])
                terminal.see(f"❯ {text[0]}")
                terminal.type(LEFT)
                terminal.see("<left>")
                terminal.type(text[1:] + "\r")
                terminal.see(got)
                idle()
            terminal.type(LEFT)
            assert terminal.end() == 0
            assert "[detached from chat; it keeps running]" in terminal.text()
    host = int(outlive("ls", "--json").json()[0]["host_pid"])
    os.kill(host, signal.SIGKILL)
    wait_until(lambda: outlive("ls", "--json").json()[0]["host_pid"] not in {host, None}, 20, "another host")
    with OnTerminal("attach", "chat") as terminal:
        terminal.see("did hello")
        terminal.type(LEFT)
        assert terminal.end() == 0, "the next host knows it"
    with OnTerminal("attach", "chat") as first, OnTerminal("attach", "chat") as second:
        first.see("did hello")
        second.see("did hello")
        outlive("send", "chat", "x")
        first.see("❯ x")
        second.type(LEFT)
        first.see("<left>\n❯ x")


@pytest.mark.usefixtures("agent")
def test_left_goes_to_the_program_by_setting_and_in_shells() -> None:
    new("prompting", "-n", "chat")
    new("-n", "echo", "--", *program("raw_echo", "--show"))
    idle()
    with OnTerminal("attach", "chat", env={"OUTLIVE_ATTACH_BACK_DETACH": "0"}) as terminal:
        terminal.see("❯")
        terminal.type(LEFT)
        terminal.see("<left>")
    with OnTerminal("attach", "echo") as terminal:
        terminal.see("ready")
        terminal.type(LEFT)
        terminal.see("<1b5b44>")
