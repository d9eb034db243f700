from __future__ import annotations

import errno
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from session_host.cli import main
from session_host.cli.doctor import command
from session_host.cli.doctor.check import Check, ok
from session_host.protocol.values import GridSize
from tests.support.area import Area
from tests.support.commands import Done, OnTerminal, new, outlive
from tests.support.repositories import Checkout

pytestmark = pytest.mark.usefixtures("sessions")

CODEX = "#!/bin/sh\necho codex-cli 0.169.0\n"


def checks(done: Done) -> dict[str, tuple[str, str]]:
    return {check["name"]: (check["status"], check["message"]) for check in done.json()}


def doctor(**env: str) -> tuple[int, dict[str, tuple[str, str]]]:
    done = outlive("doctor", "--json", env=env, timeout_s=60)
    assert done.error == ""
    return done.code, checks(done)


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


def test_a_display_that_cannot_be_reached_is_reported() -> None:
    _, checks = doctor(DISPLAY=":65000", WAYLAND_DISPLAY="", QT_QPA_PLATFORM="xcb")

    status, message = checks["window"]
    assert status == "warn"
    assert message.endswith("DISPLAY=:65000 cannot be reached")


def test_a_wayland_display_that_cannot_be_reached_is_reported() -> None:
    _, checks = doctor(DISPLAY="", WAYLAND_DISPLAY="none", QT_QPA_PLATFORM="wayland")

    status, message = checks["window"]
    assert status == "warn"
    assert message.endswith("WAYLAND_DISPLAY=none cannot be reached")


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

    _, checks = doctor(PATH=f"{tmp_path}:{os.environ['PATH']}")

    assert checks["agent codex"] == ("ok", f"0.169.0, {tmp_path}/codex")
    assert checks["agent gemini"] == ("warn", f"{tmp_path}/gemini: prints no version of Gemini CLI, so it may not run")
    status, message = checks["agent claude"]
    assert status == "warn"
    assert message.endswith("/claude: has no --session-id, so its status or its resume may not work")


def test_git_that_is_missing_or_too_old_is_reported(tmp_path: Path) -> None:
    _, without = doctor(PATH=str(tmp_path))
    assert without["git"] == (
        "warn",
        "not installed; worktrees, changes and restored files need it",
    )
    (tmp_path / "git").write_text("#!/bin/sh\necho git version 2.30.2\n")
    (tmp_path / "git").chmod(0o755)
    _, old = doctor(PATH=str(tmp_path))
    assert old["git"] == ("warn", f"2.30.2, {tmp_path}/git: too old for worktrees")


def test_an_agent_that_is_a_link_is_listed_with_its_target(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    program = tmp_path / "lib" / "codex.js"
    program.write_text(CODEX)
    program.chmod(0o755)
    (tmp_path / "codex").symlink_to(program)

    _, checks = doctor(PATH=f"{tmp_path}:{os.environ['PATH']}")

    assert checks["agent codex"] == ("ok", f"0.169.0, {tmp_path}/codex → {program}")


@pytest.mark.parametrize("place", ["", "not-there-yet"])
def test_versions_are_shown_without_creating_files(area: Area, tmp_path: Path, place: str) -> None:
    codex = tmp_path / "codex"
    codex.write_text('#!/bin/sh\n[ "$1" = --version ] && echo codex-cli 0.99.1\n')
    codex.chmod(0o755)
    state = area.state / place

    _, checks = doctor(PATH=f"{tmp_path}:{os.environ['PATH']}", OUTLIVE_STATE_DIR=str(state))

    assert checks["agent codex"] == ("ok", f"0.99.1 (untested; tested versions: 0.169.0), {codex}")
    assert state.exists() == (not place)


def test_agents_that_only_the_login_shell_finds_are_reported(area: Area, tmp_path: Path) -> None:
    codex = tmp_path / "nvm" / "codex"
    codex.parent.mkdir()
    codex.write_text(CODEX)
    codex.chmod(0o755)
    (area.home / ".profile").write_text(f"PATH={codex.parent}:$PATH\n")

    _, checks = doctor(SHELL="/bin/bash")

    assert checks["agent codex"] == ("ok", f"0.169.0, {codex} (only on your login shell's PATH)")
    assert f"also has: {codex.parent}" in checks["login shell's PATH"][1]


def test_a_login_shell_that_hangs_is_reported(area: Area) -> None:
    (area.home / ".profile").write_text("exit 3\n")

    code, checks = doctor(SHELL="/bin/bash")

    assert code == 0
    assert checks["login shell's PATH"] == (
        "warn", "cannot read the PATH of /bin/bash (no output); using the current PATH to find agents"
    )  # fmt: skip


def test_worktrees_without_a_chat_are_reported(area: Area, tmp_path: Path) -> None:
    checkout = Checkout.new(tmp_path / "project")
    for name in ("x", "y"):
        outlive("new", "-n", name, "-C", str(checkout.path), "--worktree", "--", "cat")
    assert doctor()[1]["worktrees"] == ("ok", f"2 in {area.state}/worktrees, all used by chats")
    worktree = Path(outlive("ls", "--json").json()[0]["worktree"])
    (worktree / "work").write_text("")
    outlive("kill", "x")
    outlive("wait", "x", "--exited")
    outlive("rm", "x")

    assert doctor()[1]["worktrees"] == ("warn", f"2, of which 1 belong to removed chats: {worktree}")


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
    ("spoil", "name", "message"),
    [
        (lambda area: (area.state / "outlive.db").write_bytes(b"garbage" * 999), "chat database", "damaged"),
        (break_catalog, "agents", ":1:"),
        (lambda area: area.runtime.rmdir() or area.runtime.symlink_to(area.home), "runtime directory", "symbolic link"),
        (lambda area: area.state.rmdir() or area.state.write_text(""), "state directory", "not a directory"),
    ],
)  # fmt: skip
def test_a_fault_does_not_stop_the_other_checks(area: Area, spoil: object, name: str, message: str) -> None:
    assert callable(spoil)
    spoil(area)

    code, checks = doctor()

    assert code == 1
    assert checks[name][0] == "fail"
    assert message in checks[name][1]
    assert checks["python"][0] == "ok"
    assert "logging out" in checks
    if area.state.is_file():
        area.state.unlink()
        area.state.mkdir()


@pytest.mark.parametrize("name", ["window.toml", "keys.toml", "chats.toml", "agents/x.toml"])
def test_a_settings_file_that_is_a_pipe_is_reported_and_not_waited_for(area: Area, name: str) -> None:
    path = area.config / name
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)

    _, found = doctor()

    assert found["agents" if "agents" in name else name][1].startswith(f"{path}: not a regular file; move it away")


def test_a_settings_file_that_is_too_long_is_named(area: Area) -> None:
    path = area.config / "window.toml"
    path.write_text("# long\n" * 50_000)

    _, found = doctor()

    assert found["window.toml"][1].startswith(f"{path}: longer than 256 KiB")


def test_a_part_that_cannot_read_its_files_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a state directory that its user must not enter."""

    def database() -> Iterator[Check]:
        yield ok("first", "read")
        raise PermissionError(errno.EACCES, "Permission denied", "/state/outlive.db")

    monkeypatch.setattr(command, "PARTS", (database, lambda: [ok("last", "read")]))

    code = main(["doctor", "--json"])

    found = {check["name"]: check for check in json.loads(capsys.readouterr().out)}
    assert code == 1
    assert list(found) == ["first", "database", "last"]
    assert found["database"]["message"] == "cannot check: /state/outlive.db: Permission denied"


def test_a_directory_of_another_user_is_reported(area: Area) -> None:
    if os.geteuid() != 0:
        pytest.skip("giving a directory away needs root")
    os.chown(area.runtime, 12345, -1)
    try:
        code, checks = doctor()
    finally:
        os.chown(area.runtime, 0, -1)

    assert code == 1
    assert checks["runtime directory"] == ("fail", f"{area.runtime} belongs to uid 12345")


def test_a_path_too_long_for_sockets_is_reported(tmp_path: Path) -> None:
    code, checks = doctor(OUTLIVE_RUNTIME_DIR=str(tmp_path / ("x" * 120)))

    assert code == 1
    assert checks["socket paths"][0] == "fail"


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
    assert f"→ rm {paths[0]}\n" in outlive("doctor").output
    paths[0].unlink()


def test_directories_open_to_others_are_reported(area: Area) -> None:
    area.state.chmod(0o755)

    assert doctor()[1]["state directory"][0] == "warn"


def test_the_socket_of_a_killed_window_is_no_fault(area: Area) -> None:
    path = area.runtime / "window.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as left:
        left.bind(str(path))

    _, checks = doctor()

    assert checks["sockets"] == ("ok", "0 in use, none stale")
    assert outlive("doctor", "--stale-sockets").output == ""
    path.unlink()


def test_a_stale_keeper_socket_is_no_fault(area: Area) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(area.runtime / "keeper.sock"))

    code, checks = doctor()

    (area.runtime / "keeper.sock").unlink()
    assert code == 0
    assert checks["sockets"] == ("ok", "0 in use, none stale, the keeper's is stale and will be replaced")


def test_the_socket_of_a_chat_whose_host_is_being_replaced_is_in_use(area: Area) -> None:
    """For a moment, no process accepts connections there, and clients wait."""
    path = area.runtime / "0a1b2c3d-0000-4000-8000-000000000000.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()

        _, checks = doctor()

    path.unlink()
    assert checks["sockets"] == ("ok", "1 in use, none stale")


@pytest.mark.parametrize("name", ["window.toml", "keys.toml", "chats.toml", "endpoint.toml"])
def test_a_broken_settings_file_is_reported_with_its_line(area: Area, name: str) -> None:
    area.config.mkdir(parents=True, exist_ok=True)
    path = area.config / name
    path.write_text("# mine\n\nthis is no TOML\n")

    code, checks = doctor()

    status, message = checks[name]
    assert (code, status) == ((1, "fail") if name == "chats.toml" else (0, "warn"))
    assert message.startswith(f"{path}:3: ")
    assert "settings" not in checks


def test_errors_in_the_settings_are_reported_with_file_and_line(area: Area) -> None:
    area.config.mkdir(parents=True, exist_ok=True)
    (area.config / "window.toml").write_text("# mine\nfont_size = 999\n")
    path = area.config / "endpoint.toml"
    path.write_text('model = "m"\napi = "soap"\n')
    (area.config / "keys.toml").write_text('fly = "F5"\nrename = "F6"\nstop = "F6"\nkill = "Hyper+F99"\n')

    done = outlive("doctor", "--json", env={"DISPLAY": ""}, timeout_s=60)

    found = [(check["name"], check["status"], check["message"]) for check in done.json()]
    assert [each for each in found if "toml" in each[0]] == [
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
    assert "settings" not in dict(each[:2] for each in found)
