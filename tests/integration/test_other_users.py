"""Another user of the machine can neither reach nor impersonate a chat."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import uuid
from functools import partial
from pathlib import Path

import pytest

from gui.window.remote_control import single_instance
from session_host.client.connection import HostConnection
from session_host.errors import HostUnavailable
from session_host.paths import session_socket, window_socket
from session_host.protocol.codec import encode
from session_host.protocol.messages import PROTOCOL_VERSION, Attach, Describe, Hello, Kill, Peek, Send
from tests.support import processes
from tests.support.area import Area
from tests.support.commands import new, outlive
from tests.support.other_users import NOBODY, as_another_user, converse, needs_root, open_to_all
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.usefixtures("sessions"), needs_root]

HELLO = encode(Hello(PROTOCOL_VERSION, "viewer"))
ATTEMPTS = {
    "look": HELLO + encode(Attach()),
    "describe": HELLO + encode(Describe(1)),
    "read": HELLO + encode(Peek(1, scrollback=True)),
    "type": HELLO + encode(Send(1, text="typed by a stranger", enter=True)),
    "end": HELLO + encode(Kill(1)),
    "nothing": b"",
}


def sockets(area: Area) -> list[Path]:
    return [path for path in area.runtime.iterdir() if stat.S_ISSOCK(path.lstat().st_mode)]


def names(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


def read(path: Path) -> str:
    return path.read_bytes().hex()


def make_reachable(area: Area) -> None:
    """Open all file modes, so that only the check of the peer's user protects a chat."""
    open_to_all([area.root, area.runtime, *sockets(area)])


def test_another_user_cannot_even_list_the_chats(area: Area) -> None:
    session = new("-n", "mine", "--", "cat")
    area.root.chmod(0o755)
    known = [str(path) for path in area.runtime.iterdir()]
    assert as_another_user(lambda: names(area.runtime)) == "PermissionError"
    assert as_another_user(lambda: names(area.state)) == "PermissionError"
    assert as_another_user(partial(read, area.state / "outlive.db")) == "PermissionError"
    for path in known:
        assert as_another_user(partial(converse, Path(path), ATTEMPTS["look"])) == "PermissionError"
    assert outlive("kill", session).code == 0


def test_the_peer_check_protects_a_chat_with_open_file_modes(area: Area) -> None:
    session = new("-n", "mine", "--", "cat")
    make_reachable(area)
    found = sockets(area)
    assert session_socket(session) in found
    for path in found:
        for attempt, frames in ATTEMPTS.items():
            outcome = as_another_user(partial(converse, path, frames))
            assert outcome in {"refused", "PermissionError"}, f"{attempt} at {path.name}: {outcome}"
    assert outlive("send", session, "typed by me", "--enter").code == 0
    assert outlive("wait", session, "--text", "typed by me", "--timeout", "60").code == 0
    assert "stranger" not in outlive("peek", session).output


def test_a_flood_of_foreign_connections_does_not_lock_out_the_owner(area: Area) -> None:
    session = new("--", "cat")
    make_reachable(area)

    def flood() -> int:
        for _ in range(600):
            converse(session_socket(session), b"\xff" * 100)
        return 600

    assert as_another_user(flood) == 600
    assert outlive("send", session, "still mine", "--enter").code == 0
    assert outlive("wait", session, "--text", "still mine", "--timeout", "60").code == 0


async def test_another_users_process_cannot_impersonate_a_chat(area: Area) -> None:
    open_to_all([area.root])
    area.runtime.chmod(0o777)
    session_id = str(uuid.uuid4())
    path = session_socket(session_id)

    def serve() -> str:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.settimeout(60)
            listener.bind(str(path))
            path.chmod(0o777)
            listener.listen()
            connection, _ = listener.accept()
            connection.settimeout(60)
            with connection:
                return connection.recv(1000).decode()

    served = asyncio.get_running_loop().run_in_executor(None, as_another_user, serve)
    await asyncio.to_thread(wait_until, path.exists, 10, "the stranger to listen")
    await asyncio.to_thread(wait_until, lambda: path.stat().st_mode & 0o777 == 0o777, 10, "the mode")
    with pytest.raises(HostUnavailable, match="belongs to another user's process") as caught:
        await _open_when_listening(session_id)
    assert "\n" not in str(caught.value)
    assert await served == "", "not even a greeting was said to it"
    path.unlink()


async def _open_when_listening(session_id: str) -> HostConnection:
    """Connect, and retry while the socket is bound but not yet listening."""
    while True:
        try:
            return await HostConnection.open(session_id, "control")
        except HostUnavailable as error:
            if "refused" not in str(error):
                raise


def test_the_window_refuses_commands_of_another_user(area: Area) -> None:
    """Checks the window's socket and the shared check of the peer; tests/e2e has real commands."""
    claim = single_instance.claim_or_raise()
    assert claim is not None
    assert as_another_user(lambda: converse(window_socket(), b"x")) == "PermissionError"
    claim.release()


@pytest.mark.parametrize("which", ["runtime", "state"])
def test_a_directory_of_another_user_is_refused_by_every_command(area: Area, which: str) -> None:
    session = new("-n", "x", "--", "cat")
    commands = [["ls"], ["new", "--", "true"], ["peek", "x"], ["send", "x", "y"]]
    if which == "runtime":
        commands.append(["window", "tabs"])
    directory: Path = getattr(area, which)
    os.chown(directory, NOBODY, NOBODY)
    try:
        for words in commands:
            done = outlive(*words)
            assert done.code == 1, (words, done)
            remedy = f"set OUTLIVE_{which.upper()}_DIR to another directory"
            assert done.complaint() == f"{directory} belongs to another user (uid {NOBODY}); {remedy}"
    finally:
        os.chown(directory, 0, 0)
    assert outlive("kill", session).code == 0


def test_root_with_the_home_of_another_user_leaves_no_directory_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``sudo -E outlive new`` left a state directory of root's, with which the user's own commands failed."""
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("OUTLIVE_STATE_DIR")
    done = outlive("new", "-d", "--", "cat")
    assert (done.code, done.complaint()) == (
        1,
        (
            f"{home} belongs to another user (uid {NOBODY}), and {home}/.local/state/outlive would belong to root; "
            "run this as that user or with `sudo -H`, or create the directory first"
        ),
    )
    assert list(home.iterdir()) == []


def test_another_user_cannot_trace_or_read_the_products_processes(area: Area) -> None:
    session = new("--json", "-e", "KEY=value", "--", "cat")
    for pid in processes.with_environment("OUTLIVE_RUNTIME_DIR", str(area.runtime)):
        assert as_another_user(partial(read, Path(f"/proc/{pid}/environ"))) == "PermissionError"
        assert as_another_user(partial(names, Path(f"/proc/{pid}/fd"))) == "PermissionError"
    assert outlive("kill", session).code == 0
