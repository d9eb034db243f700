from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from session_host.cli import main, subcommands
from session_host.commands import SUBCOMMANDS
from session_host.errors import SessionEnded, StoreCorrupt
from session_host.version import VERSION
from tests.support.area import Area
from tests.support.commands import OUTLIVE, environment, outlive

HEAVY = (
    "PySide6",
    "shiboken6",
    "qasync",
    "gui",
    "pyghostty",
    "_pyghostty",
    "pyte",
    "wcwidth",
    "psutil",
    "platformdirs",
    "ptyprocess",
    "asyncio",
    "ssl",
    "logging",
    "subprocess",
    "tomllib",
    "difflib",
    "unittest",
    "email",
    "http",
)


class TestHelp:
    @pytest.mark.parametrize("words", [["--help"], ["-h"], ["help"]])
    def test_lists_every_subcommand(self, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        assert main(words) == 0

        output = capsys.readouterr().out
        assert all(f"\n  {subcommand} " in output for subcommand in SUBCOMMANDS)
        assert max(map(len, output.splitlines())) <= 110

    def test_help_takes_a_command(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            main(["help", "peek"])

        assert capsys.readouterr().out.startswith("usage: outlive peek")

    @pytest.mark.parametrize("subcommand", SUBCOMMANDS)
    def test_each_subcommand_explains_itself(self, subcommand: str, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as ended:
            main([subcommand, "--help"])

        assert ended.value.code == 0
        assert f"usage: outlive {subcommand}" in capsys.readouterr().out

    def test_version(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["--version"]) == 0
        assert capsys.readouterr().out == f"outlive {VERSION}\n"


class TestErrors:
    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (["lss"], "unknown command 'lss'; did you mean 'ls'? See `outlive --help`"),
            (["revert", "x"], "unknown command 'revert'"),
            (["restore", "x", "first"], "'first' is not the number of a restore point"),
            (["restore", "x", "1", "--undo"], "a POINT or --undo, not both"),
            (["restore", "x", "--yes"], "--yes needs a POINT or --undo"),
            (["restore", "x", "--diff"], "--diff needs a POINT"),
            (["restore", "x", "1", "--json"], "--json works only with the list"),
            (["restore", "x", "1"], "confirm with --yes"),
            (["help", "lss"], "unknown command or page 'lss'; did you mean 'ls'?"),
            (["xyzzy"], "unknown command 'xyzzy'; see `outlive --help`"),
            (["--json"], "unknown option '--json'"),
            (["ls", "--nonsense"], "unrecognized arguments: --nonsense; see `outlive ls --help`"),
            (["ls", "--js"], "unrecognized arguments: --js"),
            (["peek"], "required: CHAT; see `outlive peek --help`"),
            (["peek", "x", "--lines", "many"], "argument --lines: not a whole number: 'many'"),
            (["wait", "x", "--exited", "--timeout", "soon"], "argument --timeout: not a number: 'soon'"),
            (["wait", "x", "--status", "busy"], "invalid choice: 'busy'"),
            (["window"], "name an ACTION"),
            (["send", "x", "\udcff"], "'?' is not valid UTF-8"),
            (["send", "x"], "nothing to send"),
            (["send", "x", "--paste"], "--paste needs TEXT"),
            (["send", "x", "--key", "Foo"], "Foo"),
            (["send", "x", "--key", "Ctrl+"], "Ctrl+"),
            (["send"], "required: CHAT"),
            (["wait", "x"], "is required"),
            (["wait", "x", "--text", "("], "invalid regular expression"),
            (["wait", "x", "--exited", "--text", "a"], "not allowed with"),
            (["wait", "x", "--exited", "--timeout", "-1"], "--timeout needs a number of seconds"),
            (["wait", "x", "--exited", "--timeout", "nan"], "--timeout needs a number of seconds"),
            (["wait", "--exited"], "name the chats to wait for"),
            (["wait", "x", "--any", "--exited"], "name the chats to wait for"),
            (["wait", "x", "--quiet", "-1"], "--quiet needs a number of seconds"),
            (["wait", "x", "--quiet", "1", "--exited"], "not allowed with"),
            *((["replay", "x", f"--speed={speed}"], "--speed") for speed in ("0", "-1", "nan", "inf", "fast")),
            *((["export", "x", name], "name it FILE.cast") for name in ("out", "out.gif", "-", "cast", ".cast")),
            (["new"], "name an agent"),
            (["new", "--"], "name an agent"),
            (["new", "command"], "needs a program"),
            (["new", "nonesuch"], "unknown agent 'nonesuch'; available: claude"),
            (["new", "bash"], "; to run the program bash: outlive new -- bash"),
            (["new", "--size", "80", "--", "cat"], "COLSxROWS"),
            (["new", "--size", "1x1", "--", "cat"], "20x5"),
            (["new", "-e", "X", "--", "cat"], "NAME=VALUE"),
            (["new", "-n", " ", "--", "cat"], "printable"),
            (["new", "-n", "a\nb", "--", "cat"], "printable"),
            (["new", "--engine", "vt52", "--", "cat"], "vt52"),
            (["new", "a", "b"], "unrecognized arguments: b"),
            (["new", "--nonesuch"], "outlive new --help"),
            (["new", "--", "echo", "\udcff"], "UTF-8"),
            (["new", "endpoint"], "no server given; use: outlive new endpoint -m MODEL -u URL, or set url in "),
            (["new", "endpoint", "-m", "x"], "no server given"),
            (["new", "endpoint", "-u", "http://:x"], "invalid server address 'http://:x'; write it as http://"),
            (["new", "endpoint", "-u", "ftp://server"], "invalid server address 'ftp://server'"),
            (["new", "endpoint", "-e", "OPENAI_BASE_URL=ftp://server"], "invalid server address 'ftp://server'"),
            (["ls", "--agent", "clade"], "unknown agent 'clade'; did you mean 'claude'?"),
            (["search", "x", "--agent", "clade"], "unknown agent 'clade'; did you mean 'claude'?"),
            (["ls", "--since", "lately"], "--since: 'lately' is no date; write yesterday, march,"),
            (
                ["new", "endpoint", "-u", "http://127.0.0.1:9/v1", "--key", "sk-0123"],
                "--key takes a source, not the key",
            ),
            (["new", "shell", "-m", "x"], "--model works only with `outlive new endpoint`"),
            (["new", "--url", "http://x/v1", "--", "top"], "--url works only with `outlive new endpoint`"),
            (["new", "-C", "", "shell"], "-C/--directory is empty; give one, or leave it out"),
            (["rename", "x", ""], "NAME is empty; give one"),
            (["rename", "x", "  "], "not only blanks"),
            (["window", "dance"], "no action 'dance', only tabs, show,"),
            (["window", "api"], "to show a chat: outlive window show CHAT"),
            (["window", "show"], "window show needs a CHAT"),
            (["window", "grab", "picture.jpg"], "the name must end in .png"),
            (["window", "grab", "picture.png", "--window", "0"], "'0' is not a window's number, nor \"all\""),
            (["window", "tabs", "--window", "1"], "--window works only with `window grab`"),
            (["window", "tabs", "x"], "takes no argument"),
            (["window", "close", "--json"], "--json works only with `window tabs`"),
        ],
    )
    def test_a_usage_error_is_one_line_with_exit_code_2(
        self, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(words) == 2

        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.count("\n") == 1
        assert captured.err.startswith('{"error":{"code":"usage_error",' if "--json" in words else "outlive: ")
        assert message in captured.err
        assert "sk-0123" not in captured.err

    @pytest.mark.parametrize(
        "words",
        [
            "attach x",
            "peek x",
            "stop x",
            "kill x",
            "rm x",
            "send x y",
            "wait x --exited",
            "rename x y",
            "resume x",
            "explain x",
            "window show x",
            "replay x",
            "export x y.txt",
        ],
    )
    def test_an_unknown_chat_is_one_line_with_exit_code_3(self, words: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(words.split()) == 3

        error = capsys.readouterr().err
        assert error.startswith("outlive: ")
        assert error.count("\n") == 1
        assert "'x'" in error

    def test_damage_of_the_store_that_a_command_could_not_handle_is_repaired(
        self, area: Area, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def fail(_arguments: list[str]) -> int:
            raise StoreCorrupt("damaged")

        monkeypatch.setattr(subcommands, "_dispatch", fail)
        area.state.mkdir(exist_ok=True)
        (area.state / "outlive.db").write_bytes(b"garbage" * 1000)

        assert main(["x"]) == 1

        rebuilt, again = capsys.readouterr().err.splitlines()
        assert "damaged and has been rebuilt; the damaged file is" in rebuilt
        assert again == "outlive: run the command again"

    def test_an_error_is_its_message_and_its_code(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def refuse(words: list[str]) -> int:
            raise SessionEnded("a\x1b[31m name\nof two lines has ended")

        monkeypatch.setattr(subcommands, "_dispatch", refuse)

        assert main(["x"]) == 6
        assert capsys.readouterr().err == "outlive: a [31m name of two lines has ended\n"

    def test_an_error_of_the_system_names_the_file(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def fail(words: list[str]) -> int:
            raise PermissionError(13, "Permission denied", "/some/file")

        monkeypatch.setattr(subcommands, "_dispatch", fail)

        assert main(["x"]) == 1
        assert (
            capsys.readouterr().err
            == "outlive: /some/file: Permission denied; change its permissions, or choose another path\n"
        )

    @pytest.mark.parametrize("words", [["ls", "--help"], ["--help"]])
    def test_help_that_cannot_be_written_is_an_error(self, words: list[str]) -> None:
        with Path("/dev/full").open("w") as full:
            done = subprocess.run([*OUTLIVE, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False)

        assert done.returncode == 1
        assert done.stderr == "outlive: No space left on device; free some space, or write elsewhere\n"

    @pytest.mark.parametrize("value", ["state", "./state", "~/state"])
    def test_a_relative_directory_is_refused_and_not_made(
        self, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.chdir(tmp_path)
        for place in ("STATE", "RUNTIME", "CONFIG"):
            with monkeypatch.context() as patch:
                patch.setenv(f"OUTLIVE_{place}_DIR", value)
                assert main(["new", "-d", "--", "true"]) == 1
            error = capsys.readouterr().err
            assert error.startswith(f"outlive: OUTLIVE_{place}_DIR is {value!r}, which is not an absolute path;")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("words", "place"),
        [("ls", "STATE"), ("new", "RUNTIME"), ("new", "CONFIG")],
    )
    def test_a_directory_that_is_not_utf8_is_one_line(self, words: str, place: str, tmp_path: Path) -> None:
        path = os.fsdecode(os.fsencode(tmp_path) + b"/n\xff")

        words += " -d -- true" if words == "new" else ""
        done = outlive(*words.split(), env={f"OUTLIVE_{place}_DIR": path})

        assert done.code == 1
        assert done.complaint().endswith(f" is not valid UTF-8; set OUTLIVE_{place}_DIR to another directory")
        assert not Path(path).exists()

    @pytest.mark.parametrize("words", ["ls", "new -d -- true", "doctor", "logs"])
    def test_without_a_home_one_line_says_what_to_set(
        self, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """As in a container with a user id that /etc/passwd does not have."""

        def unknown(uid: int) -> None:
            raise KeyError(uid)

        for name in ("HOME", "OUTLIVE_STATE_DIR", "OUTLIVE_CONFIG_DIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(pwd, "getpwuid", unknown)

        assert main(words.split()) == 1
        error = f"outlive: HOME is not set, and user {os.getuid()} has no home directory; set HOME\n"
        assert capsys.readouterr() == ("", error)

    def test_ctrl_c(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        def interrupt(words: list[str]) -> int:
            raise KeyboardInterrupt

        monkeypatch.setattr(subcommands, "_dispatch", interrupt)

        assert main(["x"]) == 130
        assert capsys.readouterr().err == ""


class TestOutput:
    def test_a_reader_that_closes_the_pipe_is_no_error(self) -> None:
        reading, writing = os.pipe()
        os.close(reading)
        with os.fdopen(writing, "wb") as pipe:
            done = subprocess.run(
                [*OUTLIVE, "--help"], stdout=pipe, stderr=subprocess.PIPE, env=environment(), check=False
            )

        assert (done.returncode, done.stderr) == (141, b"")

    def test_a_locale_of_ascii(self) -> None:
        done = outlive("--help", env={"PYTHONIOENCODING": "ascii"})

        assert done.code == 0
        assert "usage: outlive" in done.output

    @pytest.mark.parametrize(
        ("closed", "words", "code"), [("0", "ls", 0), ("1", "ls", 0), ("1", "new", 2), ("2", "peek nonesuch", 3)]
    )
    def test_a_stream_that_is_closed(self, closed: str, words: str, code: int) -> None:
        command = f'exec "$0" -m session_host.cli {words} {closed}>&-'
        done = subprocess.run(
            ["/bin/sh", "-c", command, sys.executable], capture_output=True, text=True, env=environment(), check=False
        )

        assert done.returncode == code
        assert "Traceback" not in done.stderr


class TestNoDisplay:
    def test_without_a_display_one_line_says_what_to_do(self) -> None:
        done = outlive()

        assert done.code == 1
        assert "no display" in done.complaint()
        assert "outlive attach" in done.complaint()
        assert "outlive demo" in done.complaint()

    def test_the_window_is_not_looked_for_in_the_current_directory(self, tmp_path: Path) -> None:
        (tmp_path / "gui").mkdir()
        (tmp_path / "gui" / "__init__.py").touch()
        (tmp_path / "gui" / "__main__.py").write_text("print('the wrong gui')")
        from session_host.cli.window import window_command

        done = subprocess.run(
            window_command(), cwd=tmp_path, capture_output=True, text=True, check=False, env=dict(os.environ)
        )

        assert "the wrong gui" not in done.stdout
        assert done.returncode == 1
        assert "no display" in done.stderr


class TestStart:
    @pytest.mark.parametrize("words", [["ls", "--all", "--json"], ["--help"]])
    def test_loads_nothing_heavy(self, words: list[str]) -> None:
        code = (
            "import sys\nfrom session_host.cli import main\n"
            f"code = main({words!r})\nprint(*sys.modules, file=sys.stderr)\nsys.exit(code)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment()
        )

        assert done.returncode == 0
        loaded = set(done.stderr.split())
        assert "session_host.cli.subcommands" in loaded
        assert {name for name in loaded if name.split(".")[0] in HEAVY} == set()
        assert not {name for name in loaded if name.startswith("session_host.terminal.")}
