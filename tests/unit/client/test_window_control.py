"""Commands to the window, against windows that behave and windows that don't."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from session_host.cli import main
from session_host.client.window_control import MAX_REPLY_BYTES, WindowNotOpen, WindowRefused, ask
from session_host.errors import OutliveError
from session_host.paths import window_socket
from tests.support.area import Area

Answer = bytes | Callable[[socket.socket], None]


class FakeWindow:
    """Answers each connection with the next of its answers, and remembers what it was asked."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.answers: list[Answer] = []
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(window_socket()))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection, connection.makefile("rb") as lines:
                line = lines.readline()
                if not line:
                    return
                self.requests.append(json.loads(line))
                answer = self.answers.pop(0)
                if isinstance(answer, bytes):
                    connection.sendall(answer)
                else:
                    answer(connection)

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as last:
            last.connect(str(window_socket()))
        self._thread.join(60)
        self._listener.close()
        window_socket().unlink()


@pytest.fixture
def window(area: Area) -> Iterator[FakeWindow]:
    fake = FakeWindow()
    yield fake
    fake.close()


def good(result: object = None) -> bytes:
    return json.dumps({"ok": True, "result": result}).encode() + b"\n"


def test_a_request_is_one_line_with_the_needed_fields_only(window: FakeWindow) -> None:
    window.answers = [good([1, {"ä": None}]), good()]

    assert ask("tabs") == [1, {"ä": None}]
    assert ask("show", session="an id") is None

    assert window.requests == [{"verb": "tabs"}, {"verb": "show", "session": "an id"}]


def test_on_wayland_the_window_gets_the_commands_permission_to_come_to_the_front(
    window: FakeWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_ACTIVATION_TOKEN", "token-1")
    window.answers = [good(), good(), good()]

    for words in (("toggle",), ("new",)):
        assert main(["window", *words]) == 0
    ask("raise")

    assert [request["activation_token"] for request in window.requests] == ["token-1"] * 3


def test_a_missing_window_is_reported() -> None:
    with pytest.raises(WindowNotOpen, match="open one with `outlive`"):
        ask("tabs")


def test_a_killed_window_is_reported(window: FakeWindow) -> None:
    path = window_socket()
    stale = path.with_name("stale.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(stale))
    path.rename(path.with_name("aside"))
    stale.rename(path)
    try:
        with pytest.raises(WindowNotOpen):
            ask("tabs")
    finally:
        path.unlink()
        path.with_name("aside").rename(path)


def test_a_refusal_has_its_message_and_code(window: FakeWindow) -> None:
    window.answers = [b'{"ok": false, "error": "no such chat", "exit_code": 3}\n', b'{"ok": false}\n']

    for message, code in (("no such chat", 3), ("refused the request", 1)):
        with pytest.raises(WindowRefused, match=message) as caught:
            ask("show", session="x")
        assert caught.value.exit_code == code


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"", "closed the connection"),
        (b"\n", "closed the connection"),
        (b"HTTP/1.1 400\r\n", "is not Outlive"),
        (b"[]\n", "is not Outlive"),
        (b'{"result": 1}\n', "is not Outlive"),
        (b"\xff\xfe\n", "is not Outlive"),
        (b"x" * (MAX_REPLY_BYTES + 1), "is not Outlive"),
    ],
)
def test_an_invalid_answer_is_reported_in_one_line(window: FakeWindow, answer: bytes, message: str) -> None:
    def send(connection: socket.socket) -> None:
        try:
            connection.sendall(answer)
        except BrokenPipeError:
            pass  # It is not read to its end.

    window.answers = [send]

    with pytest.raises(OutliveError, match=message) as caught:
        ask("tabs")

    assert "\n" not in str(caught.value)


def test_a_window_that_does_not_answer_is_reported(window: FakeWindow) -> None:
    released = threading.Event()

    def hang(connection: socket.socket) -> None:
        released.wait(60)

    window.answers = [hang]
    try:
        with pytest.raises(OutliveError, match="did not respond within"):
            ask("tabs", timeout_s=0.05)
    finally:
        released.set()


TAB = {
    "session_id": "0a1b2c3d-0000",
    "name": "notes",
    "state": "running",
    "active": True,
    "connected": True,
    "window": 1,
    "pane": 1,
    "in_front": True,
}


class TestVerbs:
    def test_tabs_are_listed(self, window: FakeWindow, capsys: pytest.CaptureFixture[str]) -> None:
        other = {**TAB, "name": "x\x1b[2Jy", "active": False, "connected": False, "extra": 1}
        window.answers = [good([TAB, other]), good([TAB, other]), good([])]

        assert main(["window", "tabs"]) == 0
        assert capsys.readouterr().out == (
            "* notes   running  0a1b2c3d\n  x [2Jy  running  0a1b2c3d  (not connected)\n"
        )
        assert main(["window", "tabs", "--json"]) == 0
        tabs = json.loads(capsys.readouterr().out)
        assert tabs[0] == TAB
        assert list(tabs[1]) == ["session_id", "name", "state", "active", "connected", "window", "pane", "in_front"]
        assert main(["window", "tabs"]) == 0
        assert capsys.readouterr().out == "no open tabs\n"

    def test_grab_sends_an_absolute_path(self, window: FakeWindow, area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(area.home)
        window.answers = [good()]

        assert main(["window", "grab", "picture.png"]) == 0

        assert window.requests == [{"verb": "grab", "file": str(area.home / "picture.png")}]

    @pytest.mark.parametrize(
        ("which", "out"), [("2", ""), ("all", "/pictures/a-1.png\n/pictures/a-2.png\n")], ids=["one", "all"]
    )
    def test_grab_names_the_window_and_prints_numbered_files(
        self, window: FakeWindow, capsys: pytest.CaptureFixture[str], which: str, out: str
    ) -> None:
        window.answers = [good([{"file": "/pictures/a-1.png"}, {"file": "/pictures/a-2.png"}])]

        assert main(["window", "grab", "/pictures/a.png", "--window", which]) == 0

        assert window.requests == [{"verb": "grab", "file": "/pictures/a.png", "window": which}]
        assert capsys.readouterr().out == out

    def test_a_refusal_sets_the_exit_code(self, window: FakeWindow, capsys: pytest.CaptureFixture[str]) -> None:
        window.answers = [b'{"ok": false, "error": "disk\\nfull", "exit_code": 1}\n']

        assert main(["window", "close"]) == 1
        assert capsys.readouterr().err == "outlive: disk full\n"

    def test_outlive_without_arguments_raises_the_open_window(self, window: FakeWindow) -> None:
        window.answers = [good()]

        assert main([]) == 0
        assert window.requests == [{"verb": "raise"}]

    def test_a_missing_window_is_one_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["window", "tabs"]) == 1
        assert capsys.readouterr().err == "outlive: no open window; open one with `outlive`\n"
