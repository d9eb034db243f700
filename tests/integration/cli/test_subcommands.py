"""The command line in scripts: frozen words, keys and exit codes."""

from __future__ import annotations

import os
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from session_host.cli import peek
from session_host.cli.session_argument import find
from session_host.paths import session_log
from session_host.protocol.messages import HostReport, Screen
from session_host.protocol.values import GridSize
from tests.programs import Gate, program
from tests.support import processes
from tests.support.area import Area
from tests.support.commands import OnTerminal, new, outlive
from tests.support.journals import output, recorded_session
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("sessions")


def listed(*words: str) -> list[dict[str, object]]:
    done = outlive("ls", "--json", *words)
    assert done.code == 0, done.error
    return list(done.json())


def ended(*words: str) -> str:
    """The id of an ended chat."""
    session = new(*words)
    assert outlive("wait", session, "--exited", "--timeout", "60").code == 0
    return session


class TestPeek:
    def test_peek_joins_soft_wraps(self) -> None:
        new("-n", "x", "--size", "40x10", "--", "sh", "-c", "printf '%0100d\\n' 7; echo next; cat")
        outlive("wait", "x", "--text", "next", "--timeout", "60")

        assert outlive("peek", "x").output == f"{7:0100d}\nnext\n"

    def test_peek_prints_scrollback_lines_and_json(self, tmp_path: Path) -> None:
        with Gate(tmp_path / "gate") as gate:
            new("-n", "x", "--size", "80x10", "--", *program("numbered_lines", 50, "--gate", gate.path, "--stay"))
            outlive("wait", "x", "--text", "end of lines", "--timeout", "60")

            assert outlive("peek", "x").output.splitlines()[0] == "line 000043"
            whole = outlive("peek", "x", "--scrollback").output.splitlines()
            assert whole == [*(f"line {number:06}" for number in range(1, 51)), "end of lines"]
            assert outlive("peek", "x", "--lines", "2").output == "line 000050\nend of lines\n"
            screen = outlive("peek", "x", "--json").json()
            assert list(screen) == ["lines", "cursor", "title", "cols", "rows", "alternate_screen", "scrollback_lines"]
            assert screen["cursor"] == {"column": 0, "row": 9, "visible": True}
            assert (screen["cols"], screen["rows"]) == (80, 10)
            assert screen["scrollback_lines"] == 42
            assert screen["alternate_screen"] is False

    def test_an_ended_session_shows_its_last_screen(self) -> None:
        new("-n", "x", "--", "sh", "-c", "echo last words; exit 1")
        outlive("wait", "x", "--exited", "--timeout", "60")

        assert outlive("peek", "x").output == "last words\n"
        assert outlive("peek", "x", "--json").json()["lines"][0] == "last words"

    def test_peek_prints_ansi_colours(self) -> None:
        new("-n", "x", "--", "sh", "-c", "printf '\\033[31mred\\033[0m plain\\n'; cat")
        outlive("wait", "x", "--text", "plain", "--timeout", "60")

        for _ in range(2):
            assert re.fullmatch(r"\x1b\[[0-9;]*31mred\x1b\[0?m plain\n", outlive("peek", "x", "--ansi").output)
            outlive("kill", "x")

    def test_peek_replaces_characters_that_the_locale_lacks(self) -> None:
        new("-n", "x", "--", "sh", "-c", "echo 漢字; cat")
        outlive("wait", "x", "--text", "漢字", "--timeout", "60")

        ascii_only = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
        assert outlive("peek", "x", env=ascii_only).output == "??\n"
        assert outlive("peek", "x", "--json", env=ascii_only).json()["lines"][0] == "漢字"


class TestSend:
    def test_send_types_text_then_keys_then_enter(self) -> None:
        new("-n", "x", "--", *program("raw_echo", "--show"))
        outlive("wait", "x", "--text", "ready", "--timeout", "60")

        assert outlive("send", "x", "--key", "up", "hé", "--enter", "--key", "CTRL+c").code == 0

        assert outlive("wait", "x", "--text", "<68c3a91b5b41030d>", "--timeout", "60").code == 0

    def test_send_reads_standard_input_and_accepts_text_with_a_dash(self) -> None:
        new("-n", "x", "--", *program("raw_echo", "--show"))
        outlive("wait", "x", "--text", "ready", "--timeout", "60")

        outlive("send", "x", "-", typed="a\nb")
        assert outlive("wait", "x", "--text", "<610d62>", "--timeout", "60").code == 0
        outlive("send", "x", "--", "-x")
        assert outlive("wait", "x", "--text", "<2d78>", "--timeout", "60").code == 0

    def test_what_is_after_two_dashes_is_typed_before_and_after_the_chats_name(self) -> None:
        """It printed the help, and typed nothing."""
        new("-n", "x", "--", *program("raw_echo", "--show"))
        outlive("wait", "x", "--text", "ready", "--timeout", "60")

        for words in (("--enter", "--", "x", "--help"), ("x", "--enter", "--", "--json")):
            done = outlive("send", *words)
            assert (done.code, done.output.startswith("sent to x")) == (0, True), done
        for text in (b"--help", b"--json"):
            assert outlive("wait", "x", "--text", f"<{text.hex()}0d>", "--timeout", "60").code == 0

    def test_send_brackets_a_paste_if_the_program_asked_for_it(self) -> None:
        new("-n", "x", "--", *program("raw_echo", "--show", "--enable", "2004"))
        outlive("wait", "x", "--text", "ready", "--timeout", "60")

        outlive("send", "x", "--paste", "a\nb", "--enter")

        shown = (b"\x1b[200~a\rb\x1b[201~\r").hex()
        assert outlive("wait", "x", "--text", f"<{shown}>", "--timeout", "60").code == 0


class TestWait:
    def test_wait_finds_later_text_and_text_in_the_history(self, tmp_path: Path) -> None:
        with Gate(tmp_path / "gate") as gate:
            new("-n", "x", "--", *program("numbered_lines", 100, "--gate", gate.path, "--before", 90, "--stay"))
            assert outlive("wait", "x", "--text", "^line 000001$", "--timeout", "60").code == 0
            with OnTerminal("wait", "x", "--text", "line 0000(95|96)") as waiting:
                gate.release()
                assert waiting.end() == 0
                assert waiting.text() == ""

    def test_wait_finds_a_sentence_that_the_agent_wrapped_by_itself(self) -> None:
        rows = "  The migration of the customer invoices table must all be rolled out\\n  slowly, at night.\\n"
        new("command", "-d", "-n", "x", "--", "sh", "-c", f"printf '{rows}'; exec cat")
        for wanted in ("be rolled out slowly", "^  slowly"):
            assert outlive("wait", "x", "--text", wanted, "--timeout", "60").code == 0
        outlive("stop", "x")
        assert outlive("wait", "x", "--text", "be rolled out slowly", "--timeout", "60").code == 0

    def test_wait_times_out(self) -> None:
        new("-n", "x", "--", "cat")

        done = outlive("wait", "x", "--text", "never", "--timeout", "0.3")

        assert done.code == 5
        assert "'never'" in done.complaint()

    def test_wait_for_the_exit_returns_after_it_is_saved(self, tmp_path: Path) -> None:
        with Gate(tmp_path / "gate") as gate:
            new("-n", "x", "--", *program("end_with", "3", "--gate", gate.path))
            with OnTerminal("wait", "x", "--exited") as waiting:
                gate.release()
                assert waiting.end() == 0
            assert [session["exit_code"] for session in listed("--all")] == [3]
            assert outlive("wait", "x", "--exited").code == 0

    def test_wait_for_text_fails_when_the_program_ends(self, tmp_path: Path) -> None:
        with Gate(tmp_path / "gate") as gate:
            new("-n", "x", "--", *program("end_with", "3", "--text", "words", "--gate", gate.path))
            with OnTerminal("wait", "x", "--text", "never") as waiting:
                gate.release()
                assert waiting.end() == 6
                assert "exit code 3" in waiting.text()
        assert outlive("wait", "x", "--text", "words").code == 0
        assert outlive("wait", "x", "--text", "never").code == 6
        assert outlive("wait", "x", "--activity", "working").code == 6

    def test_wait_for_the_status_of_a_command_and_of_a_shell_returns(self) -> None:
        """It waited for ever: the window said "running" and "idle", and the command "no_signal"."""
        new("-n", "x", "--", "cat")
        assert outlive("wait", "x", "--activity", "running", "--timeout", "60").code == 0
        new("shell", "-n", "y")
        assert outlive("wait", "y", "--status", "idle", "--timeout", "60").code == 0
        outlive("send", "y", "sleep 5000", "--enter")
        assert outlive("wait", "y", "--status", "running", "--timeout", "60").code == 0
        statuses = {
            each["name"]: (each["activity"], each["activity_source"]) for each in outlive("ls", "--json").json()
        }
        assert statuses == {"x": ("running", "foreground"), "y": ("running", "foreground")}
        outlive("send", "y", "--key", "Ctrl+c")
        assert outlive("wait", "y", "--status", "idle", "--timeout", "60").code == 0

    def test_wait_for_quiet_returns_for_a_chat_that_writes_nothing_or_ends(self, tmp_path: Path) -> None:
        new("-n", "x", "--", "cat")
        assert outlive("wait", "x", "--quiet", "0.2", "--timeout", "60").code == 0
        done = outlive("wait", "x", "--quiet", "60", "--timeout", "0.3")
        assert done.code == 5
        assert "60 s without output" in done.complaint()
        with Gate(tmp_path / "gate") as gate:
            new("-n", "ends", "--", *program("end_with", "3", "--gate", gate.path))
            with OnTerminal("wait", "ends", "--quiet", "60") as waiting:
                gate.release()
                assert waiting.end() == 0
        assert outlive("wait", "ends", "--quiet", "60").code == 0

    def test_a_timeout_names_only_some_of_many_chats(self) -> None:
        for number in range(1, 5):
            new("-n", f"c{number}", "--", "cat")
        late = "timed out after 0.1 s waiting for the end of the chat\n"
        done = outlive("wait", "--any", "--exited", "--timeout", "0.1")
        assert (done.code, done.error) == (5, f"outlive: c1, c2, c3, c4: {late}")
        new("-n", "c5", "--", "cat")
        done = outlive("wait", "--any", "--exited", "--timeout", "0.1")
        assert (done.code, done.error) == (5, f"outlive: c1, c2, c3 and 2 other chats: {late}")

    @pytest.mark.parametrize("several", [["quiet", "over", "speaks"], ["--any"]])
    def test_wait_prints_which_of_several_chats_was_the_first(self, tmp_path: Path, several: list[str]) -> None:
        new("-n", "quiet", "--", "cat")
        ended("-n", "over", "--", "true")
        with Gate(tmp_path / "gate") as gate:
            new("-n", "speaks", "--", *program("end_with", "3", "--text", "words", "--gate", gate.path))
            done = outlive("wait", *several, "--text", "words", "--timeout", "60")
            assert (done.code, done.output) == (0, "speaks\n")
            gate.release()
        assert outlive("wait", "quiet", "speaks", "--exited", "--timeout", "60").output == "speaks\n"
        assert outlive("wait", "quiet", "over", "--text", "words", "--timeout", "0.3").code == 5
        assert outlive("wait", "speaks", "over", "--text", "never").code == 6

    def test_ctrl_c_ends_wait(self) -> None:
        new("-n", "x", "--", "cat")
        with OnTerminal("wait", "x", "--text", "never") as waiting:
            wait_until(lambda: listed()[0]["viewers"], 10, "the wait to follow the session")
            os.killpg(waiting.pid, signal.SIGINT)
            assert waiting.end() == 130
            assert waiting.text() == ""


class TestEnding:
    @pytest.mark.parametrize("subcommand", ["stop", "kill"])
    def test_stop_and_kill_return_when_the_agent_has_ended(self, subcommand: str) -> None:
        new("-n", "x", "--", *program("end_with", "0", "--gate", "/dev/tty"))
        child = int(str(listed()[0]["child_pid"]))

        assert outlive(subcommand, "x").code == 0

        assert not processes.is_alive(child)
        assert outlive(subcommand, "x").code == 6
        assert outlive("send", "x", "text").code == 6

    def test_kill_all_ends_all_chats(self) -> None:
        for name in ("a", "b"):
            new("-n", name, "--", "cat")
        assert outlive("kill-all").code == 2
        assert len(listed()) == 2

        with OnTerminal("kill-all") as terminal:
            terminal.see("[y/N]")
            terminal.type("n\r")
            assert terminal.end() == 1
        assert len(listed()) == 2

        done = outlive("kill-all", "--yes")
        assert (done.code, done.output) == (0, "killed 2 chats\n")
        assert listed() == []
        assert outlive("kill-all", "--yes").output == "no running chats\n"

    def test_rm_removes_ended_chats_and_their_files(self, area: Area) -> None:
        session_id = new("-n", "x", "--", "cat")
        done = outlive("rm", "x")
        assert done.code == 1
        assert "outlive stop x" in done.complaint()
        outlive("kill", "x")
        outlive("wait", "x", "--exited")

        assert outlive("rm", "x").code == 0

        assert listed("--all") == []
        assert not [path for path in area.state.rglob("*") if session_id in path.name]

    def test_rename_changes_the_name(self) -> None:
        new("-n", "x", "--", "cat")

        assert outlive("rename", "x", "new name").code == 0

        assert listed()[0]["name"] == "new name"
        outlive("kill", "new name")
        outlive("wait", "new name", "--exited")
        assert outlive("rename", "new name", "third").code == 0
        assert listed("--all")[0]["name"] == "third"
        assert outlive("rename", "third", "").code == 2


class TestNaming:
    def test_an_ambiguous_name_of_ended_chats_is_refused(self) -> None:
        ids = [ended("-n", "twin", "--", "true") for _ in range(2)]

        done = outlive("peek", "twin")

        assert done.code == 4
        assert all(session_id[:8] in done.complaint() for session_id in ids)
        assert outlive("peek", ids[0]).code == 0
        assert outlive("peek", ids[1][:13]).code == 0

    def test_a_second_running_chat_of_the_same_name_is_refused(self, tmp_path: Path) -> None:
        first, other = new("-n", "twin", "--", "cat"), new("-n", "other", "--", "cat")

        refused = outlive("new", "-d", "-n", "twin", "--", "cat")

        assert refused.code == 1
        assert refused.complaint() == f"a running chat is already named 'twin' ({first[:8]}); choose another name"
        assert outlive("rename", "other", "twin").code == 1
        assert [each["name"] for each in listed("--all")] == ["twin", "other"]
        directory = tmp_path / "twin"
        directory.mkdir()
        new("-C", str(directory), "--", "cat")
        assert [each["name"] for each in listed()] == ["twin", "other", "twin-2"]
        outlive("kill", "twin")
        assert outlive("rename", other, "twin").code == 0

    def test_names_generated_at_the_same_time_differ(self, tmp_path: Path) -> None:
        with ThreadPoolExecutor(3) as threads:
            list(threads.map(lambda _: new("-C", str(tmp_path), "--", "cat"), range(3)))
        assert len({each["name"] for each in listed()}) == 3

    @pytest.mark.parametrize("subcommand", ["kill", "rm"])
    def test_kill_and_rm_refuse_a_one_letter_prefix(self, subcommand: str) -> None:
        session = ended("-n", "vim", "--", "true") if subcommand == "rm" else new("-n", "vim", "--", "cat")
        past = {"kill": "killed", "rm": "removed"}[subcommand]

        for beginning in (session[0], session[:3]):
            refused = outlive(subcommand, beginning)
            assert refused.code == 3
            assert "use at least 4 digits" in refused.complaint()
            assert outlive("peek", beginning).code == 0, "which harms nothing"
        done = outlive(subcommand, session[:4])

        assert (done.code, done.output) == (0, f"{past} vim ({session[:8]})\n")

    def test_a_name_wins_over_an_id_prefix(self) -> None:
        session = new("-n", "vim", "--", "cat")
        named = new("-n", session[:4], "--", "cat")

        assert outlive("kill", session[:4]).output == f"killed {session[:4]} ({named[:8]})\n"
        assert [each["id"] for each in listed()] == [session]

    def test_commands_that_change_something_report_it(self) -> None:
        session = new("-n", "vim", "--", "cat")
        called = f"({session[:8]})"

        typed = f"typed into vim {called}, without Enter; --enter presses it, too\n"
        assert outlive("send", session, "x").output == typed
        for words in (["x", "--enter"], ["x\n"], ["--key", "Escape"]):
            assert outlive("send", session, *words).output == f"sent to vim {called}\n"
        assert outlive("rename", session, "editor").output == f"renamed vim {called} to editor\n"


def test_a_log_is_followed_across_rotation() -> None:
    chat = new("-n", "x", "--", "cat")
    path = session_log(chat)
    with OnTerminal("logs", "x", "--follow") as logs:
        logs.see("running pid=")
        with path.open("a") as log:
            log.write("a line more\n")
        logs.see("a line more")
        path.rename(path.with_suffix(".log.1"))
        path.write_text("a line of the new file\n")
        logs.see("a line of the new file")
        os.killpg(logs.pid, signal.SIGINT)
        assert logs.end() in {130, -signal.SIGINT}


def test_at_the_level_debug_each_message_is_logged_without_its_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTLIVE_LOG_LEVEL", "debug")
    new("-n", "x", "--", "cat")
    assert outlive("send", "x", "something secret").code == 0
    log = outlive("logs", "x").output
    assert "Send request=1 text=<16>" in log
    assert "Done request=1" in log
    assert "secret" not in log


def test_at_other_levels_no_message_is_logged() -> None:
    new("-n", "x", "--", "cat")
    assert outlive("send", "x", "something").code == 0
    assert "message_trace" not in outlive("logs", "x").output


def test_the_last_lines_of_a_chat_that_ends_right_now_come_from_its_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host answers until it has saved them."""
    recorded_session("x", [output(0, b"first\r\n")])
    screen = Screen(0, ["first", "last"], 0, 2, True, "", GridSize(80, 24), False, 0)
    monkeypatch.setattr(peek, "ask", lambda *_: screen)
    info = find("x")
    assert peek.read_screen(info).lines[0] == "first", "it has no host"
    assert "last" not in peek.read_screen(info).lines
    info.host = HostReport(0, 0)  # as its host says
    assert peek.read_screen(info).lines == ["first", "last"]


SAYS = r"printf '\033]7501;state=working\007\033]9;4;3\007\033]7501;state=blocked:kind=permission\007'; exec cat"


@pytest.fixture
def chat() -> str:
    session_id = new("-n", "x", "--", "sh", "-c", SAYS)
    assert outlive("wait", "x", "--status", "needs_input", "--timeout", "60").code == 0
    return session_id


def test_a_running_chat_is_explained(chat: str) -> None:
    explained = outlive("explain", "x", "--json").json()
    assert (explained["id"], explained["name"], explained["state"], explained["activity"]) == (
        chat,
        "x",
        "running",
        "needs_input",
    )
    assert (explained["activity_source"], explained["activity_detail"]) == ("osc 7501", "permission")
    assert explained["child_started"] > 0
    assert explained["child_started_at"]
    assert [(each["source"], each["said"], each["counts"]) for each in explained["evidence"]] == [
        ("osc 7501", "state=blocked permission", True),
        ("osc 9;4", "indeterminate", False),
    ]
    assert [each["activity"] for each in explained["transitions"]] == ["working", "needs_input"]
    assert explained["stale_after_s"] == 60

    text = outlive("explain", "x").output.splitlines()
    assert text[0].split() == ["x", "command", chat]
    assert text[1].startswith("state         running since ")
    assert f"process {explained['child_pid']}, started " in text[2]
    assert any(line.startswith("status        needs you since ") for line in text)
    assert any("osc 9;4" in line and "overridden" in line for line in text)
    assert any("60 s" in line for line in text)
    assert "needs you" in text[-1]
    table = outlive("ls").output
    assert "▲ needs you" in table
    assert "permission" in table
    listed = outlive("ls", "--json").json()[0]
    assert (listed["activity_detail"], listed["activity_since"]) == ("permission", explained["activity_since"])


def test_an_ended_chat_keeps_its_activity_log(chat: str) -> None:
    assert outlive("kill", "x").code == 0
    explained = outlive("explain", chat, "--json").json()
    assert (explained["state"], explained["exit_signal"], explained["activity"], explained["evidence"]) == (
        "exited",
        9,
        None,
        [],
    )
    assert [(each["activity"], each["source"]) for each in explained["transitions"]] == [
        ("working", "osc 7501"),
        ("needs_input", "osc 7501"),
        ("no_signal", ""),
    ]
    text = outlive("explain", chat).output
    assert "was killed by you, " in text
    assert text.splitlines()[-1].split()[-1] == "ended"
    assert "no signal" not in text


def test_a_chat_started_without_its_plugin_is_explained(area: Area) -> None:
    (area.config / "agents").mkdir()
    catalog = """title = "Mine"\nexecutable = "cat"\nstart = ["cat"]\nmonogram = "M"\nenv = {SAYS = "{files}"}\n"""
    condition = 'env_if = {SAYS = "opencode has its plugin library"}\n'
    (area.config / "agents" / "mine.toml").write_text(catalog + condition)
    begun = outlive("new", "mine", "-d", "-n", "x")
    assert begun.code == 0

    assert "runs without Outlive's plugin" in begun.error
    assert "runs without Outlive's plugin" in outlive("explain", "x", "--json").json()["remark"]
    assert "runs without Outlive's plugin" in " ".join(outlive("explain", "x").output.split())
