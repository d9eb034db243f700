"""Fixtures: the window as a process of its own, with real chats, on a real X server."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest
from PySide6.QtGui import QImage

from session_host.paths import window_log
from tests.conftest import Sessions, lasting
from tests.programs import Gate, program
from tests.support import command_client
from tests.support.area import Area
from tests.support.buses import BusDaemon
from tests.support.displays import XServer
from tests.support.qt_messages import complaints_in
from tests.support.screen_reader import ScreenReader, screen_reader
from tests.support.structured_chats import wait_for_text
from tests.support.themes import LIGHT
from tests.support.waiting import WaitTimeout, wait_until
from tests.support.windows import ARGV, Window, outlive, window

WAIT_S = 60.0
LEARNS_WITHIN_S = 3.0
"""How long the window may take to notice a change made outside of it."""

OpenWindow = Callable[..., AbstractContextManager[Window]]
T = TypeVar("T")
NewChat = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def window_server(run_area: Area) -> Iterator[None]:
    """Starts the process that forks windows; it lives until the end of the test run."""
    with command_client.running_windows() as process, lasting(process.pid):
        yield


@pytest.fixture
def open_window(
    display: XServer,
    window_manager: None,
    window_server: None,
    sessions: Sessions,
    tmp_path_factory: pytest.TempPathFactory,
) -> OpenWindow:
    """Opens the window; after its end, checks that its standard error has no Qt or Python warnings."""
    # A killed X server ends its clients, which Xlib reports. Qt waits 0.1 s per key for the registry of assistive
    # programs, and reports each timeout; on a busy machine there are some.
    return opening(tmp_path_factory, allowed="XIO|X connection|xcb|XCB|QSpiApplication::")


def opening(tmp_path_factory: pytest.TempPathFactory, *, allowed: str) -> OpenWindow:
    """A function that opens the window, and after its end checks its standard error for warnings.

    Args:
        allowed: a pattern of warnings that may come.
    """

    @contextmanager
    def opened(*, argv: Sequence[str] = ARGV, has_own_session: bool = False) -> Iterator[Window]:
        path = tmp_path_factory.mktemp("window") / "stderr"
        with window(errors=path, argv=argv, has_own_session=has_own_session) as app:
            wait_until(app.is_listening, WAIT_S, lambda: f"the window to listen; it says {path.read_text()!r}")
            try:
                yield app
            except BaseException:
                logs = [log.read_text() for log in (path, window_log()) if log.exists()]
                sys.stderr.write(f"the window's exit code: {app.process.poll()}; it says {logs}\n")
                raise
        assert complaints_in(path.read_text(), allowed=allowed) == [], path.read_text()

    return opened


@pytest.fixture
def new_chat(area: Area, sessions: Sessions) -> NewChat:
    """Starts a chat that runs one of the test programs; returns the output of ``new --json``."""

    def new(name: str, *argv: str) -> dict[str, Any]:
        session: dict[str, Any] = json.loads(
            outlive("new", "command", "-d", "--json", "-n", name, "-C", str(area.home), "--", *argv)
        )
        return session

    return new


@pytest.fixture
def gate(area: Area) -> Iterator[Gate]:
    """A gate at which a program waits until the test releases it."""
    gate = Gate(area.root / "gate")
    yield gate
    gate.close()


@pytest.fixture
def reader(session_bus: BusDaemon) -> Iterator[ScreenReader]:
    """A screen reader on the desktop's bus."""
    with screen_reader() as reader:
        yield reader


def retry_until(action: Callable[[], None], done: Callable[[], T | None], what: str) -> T:
    """Retry the action, as a user does, until the window has noticed a change from outside; returns what it found."""

    def tried() -> T | None:
        action()
        with suppress(WaitTimeout):
            return wait_until(done, LEARNS_WITHIN_S, what, is_exact=True)
        return None

    found = wait_until(tried, WAIT_S, what)
    assert found is not None
    return found


def chat_text(session_id: str) -> str:
    """The host's screen and scrollback as text."""
    return outlive("peek", session_id, "--scrollback", "--lines", "0")


def listed(session_id: str) -> dict[str, Any]:
    """A chat as ``ls --all --json`` prints it."""
    entries: list[dict[str, Any]] = json.loads(outlive("ls", "--all", "--json"))
    return next(one for one in entries if one["id"] == session_id)


def new_echo(new_chat: NewChat, name: str) -> dict[str, Any]:
    """Start a chat with a program that echoes its input; returns the output of ``new --json`` when it reads."""
    chat = new_chat(name, *program("raw_echo"))
    wait_for_text(chat["id"], "ready")
    return chat


def picture(app: Window, area: Area, name: str) -> Path:
    """Save a picture of the window; returns its path."""
    path = area.root / f"{name}.png"
    app.ask("grab", file=str(path))
    return path


def is_bar_shown(app: Window, area: Area, color: str) -> bool:
    """Whether the terminal has a bar in this colour of the light theme at its top or bottom.

    The bar is "accent" while the chat reconnects, and "needs_you_fill" while its host does not answer.
    """
    image = QImage(str(picture(app, area, "bar")))
    wanted = LIGHT.tokens.color(color)
    ends = (*range(30, 50), *range(image.height() - 60, image.height() - 20))
    return any(image.pixelColor(image.width() // 2, y_px) == wanted for y_px in ends)
