from __future__ import annotations

import errno
import json
import os
import socket
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from session_host.cli import main
from session_host.cli.doctor import agents, chats, command, files, settings, system
from session_host.cli.doctor.check import Check, ok
from session_host.client.worktrees import make
from session_host.protocol.values import GridSize
from tests.support.area import Area
from tests.support.commands import OnTerminal, new, outlive
from tests.support.repositories import Checkout

pytestmark = pytest.mark.usefixtures("sessions")

CODEX = "#!/bin/sh\necho codex-cli 0.171.0\n"


def found(*parts: Callable[[], Iterable[Check]], **env: str) -> dict[str, tuple[str, str]]:
    """The checks of some parts of the doctor, with these environment variables."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        return {check.name: (check.status, check.message) for part in parts for check in command.checks_of(part)}


def doctor(**env: str) -> tuple[int, dict[str, tuple[str, str]]]:
    """All checks of a process."""
    done = outlive("doctor", "--json", env=env, timeout_s=60)
    assert done.error == ""
    return done.code, {check["name"]: (check["status"], check["message"]) for check in done.json()}


def test_a_healthy_installation_has_no_faults(area: Area) -> None:
    new("-n", "x", "--", "cat")

    code, checks = doctor()

    assert code == 0
    assert {status for status, _ in checks.values()} <= {"ok", "warn"}
    assert checks["sockets"] == ("ok", "1 in use, none stale, plus the keeper's")
    assert "1 chat, sound" in checks["chat database"][1]
    assert str(area.runtime) in checks["runtime directory"][1]
    assert "Qt 6" in checks["window"][1]
    assert "ghostty 0" in checks["engines"][1]


@pytest.mark.parametrize(
    ("platform", "variable", "value"), [("xcb", "DISPLAY", ":65000"), ("wayland", "WAYLAND_DISPLAY", "none")]
)
def test_a_display_that_cannot_be_reached_is_reported(platform: str, variable: str, value: str) -> None:
    displays = {"DISPLAY": "", "WAYLAND_DISPLAY": "", variable: value}

    status, message = found(system.window, QT_QPA_PLATFORM=platform, **displays)["window"]

    assert status == "warn"
    assert message.endswith(f"{variable}={value} cannot be reached")


def test_text_output_is_a_table_with_remedies() -> None:
    with OnTerminal("doctor", size=GridSize(200, 60)) as terminal:
        assert terminal.end() == 0
        text = terminal.text()
    assert "ok    python" in text
    assert "→ npm install -g @openai/codex" in text
    assert "warn: window, agents" in text.splitlines()[-1]


def test_installed_agents_are_listed_with_their_paths_and_broken_or_old_ones_are_reported(tmp_path: Path) -> None:
    options = "--settings --print --resume --model --debug"
    for name, text in (
        ("codex", CODEX),
        ("gemini", "#!/usr/bin/env no-such-node\n"),
        ("claude", f"#!/bin/sh\n[ $1 = --version ] && echo '1.0.3 (Claude Code)' || echo ' {options}'\n"),
    ):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)

    checks = found(agents.agents, PATH=f"{tmp_path}:{os.environ['PATH']}")

    assert checks["agent codex"] == ("ok", f"0.171.0, {tmp_path}/codex")
    assert checks["agent gemini"] == ("warn", f"{tmp_path}/gemini: prints no version of Gemini CLI, so it may not run")
    status, message = checks["agent claude"]
    assert status == "warn"
    assert message.endswith("/claude: has no --session-id, so its status or its resume may not work")


OLD_QWEN = """\
#!/bin/sh
case "$*" in
--version) echo 0.15.10 ;;
--help) echo 'Usage: qwen [options] --session-id --model --debug --yolo -i -p' ;;
*) exec cat ;;
esac
"""


def test_an_agent_of_a_version_without_turns_is_too_old_for_doctor_and_for_new(tmp_path: Path) -> None:
    """npm gives Qwen Code 0.15 to node 20: no prompt ever began a turn there, and nothing said why."""
    (tmp_path / "qwen").write_text(OLD_QWEN)
    (tmp_path / "qwen").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    why = "Qwen Code 0.15.10 is too old: Outlive sees no turns of versions before 0.23.0"

    checked = found(agents.agents, PATH=path)["agent qwen"]
    started = outlive("new", "qwen", "-d", "-n", "old", "-C", str(tmp_path), env={"PATH": path})

    assert checked == ("warn", f"{tmp_path}/qwen: {why}")
    hint = "npm install -g @qwen-code/qwen-code@latest"
    assert (started.code, started.error) == (0, f"outlive: {why}; update it: {hint}\n")
    assert outlive("explain", "old", "--json").json()["remark"] == why


def test_an_agent_of_the_user_is_asked_only_what_its_file_says(area: Area, tmp_path: Path) -> None:
    """A wrapper that ignores its arguments would really run."""
    (tmp_path / "mine").write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/started\necho mine 1.2.3\n')
    (tmp_path / "mine").chmod(0o755)
    directory = area.config / "agents"
    directory.mkdir(parents=True)
    file = directory / "mine.toml"
    file.write_text('title = "Mine"\nexecutable = "mine"\nstart = ["mine"]\nmonogram = "Mi"\n')
    path = f"{tmp_path}:{os.environ['PATH']}"
    assert found(agents.agents, PATH=path)["agent mine"] == ("ok", f"{tmp_path}/mine")
    assert not (tmp_path / "started").exists()
    file.write_text(f'{file.read_text()}version = ["about"]\n')
    assert found(agents.agents, PATH=path)["agent mine"] == ("ok", f"1.2.3, {tmp_path}/mine")
    assert (tmp_path / "started").read_text() == "about\n"


def test_git_that_is_missing_or_too_old_is_reported(tmp_path: Path) -> None:
    without = found(system.git, PATH=str(tmp_path))["git"]
    assert without == ("warn", "not installed; worktrees, changes and restored files need it")
    (tmp_path / "git").write_text("#!/bin/sh\necho git version 2.30.2\n")
    (tmp_path / "git").chmod(0o755)
    old = found(system.git, PATH=str(tmp_path))["git"]
    assert old == ("warn", f"2.30.2, {tmp_path}/git: too old for worktrees")


def test_an_agent_that_is_a_link_is_listed_with_its_target(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    program = tmp_path / "lib" / "codex.js"
    program.write_text(CODEX)
    program.chmod(0o755)
    (tmp_path / "codex").symlink_to(program)

    checks = found(agents.agents, PATH=f"{tmp_path}:{os.environ['PATH']}")

    assert checks["agent codex"] == ("ok", f"0.171.0, {tmp_path}/codex → {program}")


@pytest.mark.parametrize("place", ["", "not-there-yet"])
def test_versions_are_shown_without_creating_files(area: Area, tmp_path: Path, place: str) -> None:
    codex = tmp_path / "codex"
    codex.write_text('#!/bin/sh\n[ "$1" = --version ] && echo codex-cli 0.99.1\n')
    codex.chmod(0o755)
    state = area.state / place

    checks = found(agents.agents, PATH=f"{tmp_path}:{os.environ['PATH']}", OUTLIVE_STATE_DIR=str(state))

    assert checks["agent codex"] == ("ok", f"0.99.1 (untested; tested versions: 0.171.0), {codex}")
    assert state.exists() == (not place)


def test_agents_that_only_the_login_shell_finds_are_reported(area: Area, tmp_path: Path) -> None:
    codex = tmp_path / "nvm" / "codex"
    codex.parent.mkdir()
    codex.write_text(CODEX)
    codex.chmod(0o755)
    (area.home / ".profile").write_text(f"PATH={codex.parent}:$PATH\n")

    checks = found(agents.agents, SHELL="/bin/bash")

    assert checks["agent codex"] == ("ok", f"0.171.0, {codex} (only on your login shell's PATH)")
    assert f"also has: {codex.parent}" in checks["login shell's PATH"][1]


def test_a_login_shell_that_hangs_is_reported(area: Area) -> None:
    (area.home / ".profile").write_text("exit 3\n")

    assert found(agents.agents, SHELL="/bin/bash")["login shell's PATH"] == (
        "warn",
        "cannot read the PATH of /bin/bash (no output); using the current PATH to find agents",
    )


def test_worktrees_without_a_chat_are_reported(area: Area, tmp_path: Path) -> None:
    checkout = Checkout.new(tmp_path / "project")
    for name in ("x", "y"):
        outlive("new", "-n", name, "-C", str(checkout.path), "--worktree", "--", "cat")
    assert found(chats.worktrees)["worktrees"] == ("ok", f"2 in {area.state}/worktrees, all used by chats")
    worktree = Path(outlive("ls", "--json").json()[0]["worktree"])
    (worktree / "work").write_text("")
    outlive("kill", "x")
    outlive("wait", "x", "--exited")
    outlive("rm", "x")

    assert found(chats.worktrees)["worktrees"] == (
        "warn",
        f"2, of which 1 belong to removed chats: {worktree} (1 file untracked)",
    )


def test_a_worktree_of_a_chat_that_was_started_by_another_path_to_it_is_used(
    area: Area, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (area.root / "link").symlink_to(area.state.parent)
    monkeypatch.setenv("OUTLIVE_STATE_DIR", str(area.root / "link" / area.state.name))
    worktree = make(str(Checkout.new(tmp_path / "project").path), None, "x").own.path
    outlive("new", "-n", "x", "-C", os.path.realpath(worktree), "--", "cat")

    assert found(chats.worktrees)["worktrees"][0] == "ok"


def test_doctor_changes_nothing(area: Area) -> None:
    place = area.root / "new"

    code, checks = doctor(
        OUTLIVE_RUNTIME_DIR=f"{place}/r", OUTLIVE_STATE_DIR=f"{place}/s", OUTLIVE_CONFIG_DIR=f"{place}/c"
    )

    assert code == 0
    assert "will be created" in checks["state directory"][1]
    assert not place.exists()


def break_catalog(area: Area) -> None:
    (area.config / "agents").mkdir()
    (area.config / "agents" / "x.toml").write_text("=")


@pytest.mark.parametrize(
    ("spoil", "part", "name", "message"),
    [
        (
            lambda area: (area.state / "outlive.db").write_bytes(b"garbage" * 999),
            files.database,
            "chat database",
            "damaged",
        ),
        (break_catalog, agents.agents, "agents", ":1:"),
        (
            lambda area: area.runtime.rmdir() or area.runtime.symlink_to(area.home),
            files.directories,
            "runtime directory",
            "symbolic link",
        ),
    ],
)
def test_a_fault_is_reported(
    area: Area, spoil: Callable[[Area], None], part: Callable[[], Iterable[Check]], name: str, message: str
) -> None:
    spoil(area)

    status, text = found(part)[name]

    assert status == "fail"
    assert message in text


def test_a_fault_does_not_stop_the_other_checks(area: Area) -> None:
    area.state.rmdir()
    area.state.write_text("")

    code, checks = doctor()

    assert code == 1
    assert checks["state directory"] == ("fail", f"{area.state} is not a directory")
    assert checks["python"][0] == "ok"
    assert "logging out" in checks
    area.state.unlink()
    area.state.mkdir()


@pytest.mark.parametrize("name", ["window.toml", "keys.toml", "chats.toml", "agents/x.toml"])
def test_a_settings_file_that_is_a_pipe_is_reported_and_not_waited_for(area: Area, name: str) -> None:
    path = area.config / name
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)

    checks = found(agents.agents if "agents" in name else settings.settings)

    assert checks["agents" if "agents" in name else name][1].startswith(f"{path}: not a regular file; move it away")


def test_a_settings_file_that_is_too_long_is_named(area: Area) -> None:
    path = area.config / "window.toml"
    path.write_text("# long\n" * 50_000)

    assert found(settings.settings)["window.toml"][1].startswith(f"{path}: longer than 256 KiB")


def test_a_part_that_cannot_read_its_files_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a state directory that its user must not enter."""

    def database() -> Iterator[Check]:
        yield ok("first", "read")
        raise PermissionError(errno.EACCES, "Permission denied", "/state/outlive.db")

    monkeypatch.setattr(command, "PARTS", (database, lambda: [ok("last", "read")]))

    code = main(["doctor", "--json"])

    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)}
    assert code == 1
    assert list(checks) == ["first", "database", "last"]
    assert checks["database"]["message"] == "cannot check: /state/outlive.db: Permission denied"


def test_a_directory_of_another_user_is_reported(area: Area) -> None:
    if os.geteuid() != 0:
        pytest.skip("giving a directory away needs root")
    os.chown(area.runtime, 12345, -1)
    try:
        checks = found(files.directories)
    finally:
        os.chown(area.runtime, 0, -1)

    assert checks["runtime directory"] == ("fail", f"{area.runtime} belongs to uid 12345")


def test_a_path_too_long_for_sockets_is_reported(tmp_path: Path) -> None:
    assert found(files.sockets, OUTLIVE_RUNTIME_DIR=str(tmp_path / ("x" * 120)))["socket paths"][0] == "fail"


def test_stale_sockets_are_reported(area: Area) -> None:
    new("-n", "x", "--", "cat")
    paths = [area.runtime / f"0a1b2c3d-0000-4000-8000-{number:012}.sock" for number in range(30)]
    for path in paths:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(path))

    done = outlive("doctor", "--json")

    assert done.code == 0
    [check] = [check for check in done.json() if check["name"] == "sockets"]
    assert (check["status"], check["message"]) == ("warn", f"1 in use, 30 stale from lost chats: {paths[0].name} …")
    assert check["remedy"] == "outlive doctor --stale-sockets | xargs -d '\\n' rm"
    assert outlive("doctor", "--stale-sockets").output.splitlines() == list(map(str, paths))
    for path in paths[1:]:
        path.unlink()
    assert list(files.sockets())[-1].remedy == f"rm {paths[0]}"
    paths[0].unlink()


def test_directories_open_to_others_are_reported(area: Area) -> None:
    area.state.chmod(0o755)

    assert found(files.directories)["state directory"][0] == "warn"


@pytest.mark.parametrize(
    ("name", "listens", "message"),
    [
        ("window.sock", False, "0 in use, none stale"),
        ("keeper.sock", False, "0 in use, none stale, the keeper's is stale and will be replaced"),
        # The host is being replaced: for a moment, no process accepts connections there, and clients wait.
        ("0a1b2c3d-0000-4000-8000-000000000000.sock", True, "1 in use, none stale"),
    ],
)
def test_some_sockets_that_nobody_answers_are_no_fault(area: Area, name: str, listens: bool, message: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(area.runtime / name))
        if listens:
            listener.listen()
        assert found(files.sockets)["sockets"] == ("ok", message)
        assert files.stale_sockets() == []
    (area.runtime / name).unlink()


@pytest.mark.parametrize("name", ["window.toml", "keys.toml", "chats.toml", "endpoint.toml"])
def test_a_broken_settings_file_is_reported_with_its_line(area: Area, name: str) -> None:
    area.config.mkdir(parents=True, exist_ok=True)
    path = area.config / name
    path.write_text("# mine\n\nthis is no TOML\n")

    checks = found(settings.settings)

    status, message = checks[name]
    assert status == ("fail" if name == "chats.toml" else "warn")
    assert message.startswith(f"{path}:3: ")
    assert "settings" not in checks


def test_agents_files_are_among_the_settings(area: Area) -> None:
    assert found(settings.settings)["settings"] == ("ok", f"none in {area.config}")
    (area.config / "agents").mkdir(parents=True)
    (area.config / "agents" / "claude.toml").write_text("")
    assert found(settings.settings)["settings"] == ("ok", f"agents/claude.toml in {area.config}")


def test_errors_in_the_settings_are_reported_with_file_and_line(area: Area) -> None:
    area.config.mkdir(parents=True, exist_ok=True)
    (area.config / "window.toml").write_text("# mine\nfont_size = 999\n")
    path = area.config / "endpoint.toml"
    path.write_text('model = "m"\napi = "soap"\n')
    (area.config / "keys.toml").write_text('fly = "F5"\nrename = "F6"\nstop = "F6"\nkill = "Hyper+F99"\n')

    assert [(check.name, check.status, check.message) for check in settings.settings()] == [
        (
            "endpoint.toml",
            "warn",
            f"{path}:2: api must be one of auto, chat, responses; chats with a model server cannot start",
        ),
        (
            "window.toml",
            "warn",
            f"{area.config}/window.toml:2: font_size must be between 6 and 48, or 0. Using the defaults.",
        ),
        ("keys.toml", "warn", f"{area.config}/keys.toml:1: unknown action 'fly'"),
        ("keys.toml", "warn", f"{area.config}/keys.toml:3: 'F6' is already the key of 'rename'"),
        ("keys.toml", "warn", f"{area.config}/keys.toml:4: invalid key 'Hyper+F99' for 'kill'"),
    ]
