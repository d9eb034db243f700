"""The window as a process of its own, with real chats, on a real X server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtGui import QImage

from tests.conftest import Sessions, lasting
from tests.programs import Gate, program
from tests.support import command_client
from tests.support.area import Area
from tests.support.buses import BusDaemon
from tests.support.displays import XServer
from tests.support.qt_messages import complaints_in
from tests.support.screen_reader import ScreenReader, screen_reader
from tests.support.themes import LIGHT
from tests.support.waiting import WaitTimeout, wait_until
from tests.support.windows import ARGV, Window, outlive, window

WAIT_S = 60.0
LEARNS_WITHIN_S = 3.0
"""The window learns within a moment of what changes elsewhere."""

OpenWindow = Callable[..., AbstractContextManager[Window]]
NewChat = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def window_server(run_area: Area) -> Iterator[None]:
    """The process that forks windows, for the rest of the run."""
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
    """Opens the window; when it is gone, what it wrote to its standard error must hold no complaint."""

    @contextmanager
    def opened(*, argv: Sequence[str] = ARGV, has_own_session: bool = False) -> Iterator[Window]:
        path = tmp_path_factory.mktemp("window") / "stderr"
        with window(errors=path, argv=argv, has_own_session=has_own_session) as own:
            wait_until(own.is_listening, WAIT_S, lambda: f"the window to listen; it says {path.read_text()!r}")
            yield own
        # An X server that is killed ends its clients, and Xlib says so. Qt gives the registry of assistive programs
        # 0.1 s for each key before it goes on, and says when that was too little on a busy machine.
        allowed = "XIO|X connection|xcb|XCB|QSpiApplication::"
        assert complaints_in(path.read_text(), allowed=allowed) == [], path.read_text()

    return opened


@pytest.fixture
def new_chat(area: Area, sessions: Sessions) -> NewChat:
    """Starts a chat that runs one of the test programs; gives what ``new --json`` tells."""

    def new(name: str, *argv: str) -> dict[str, Any]:
        made: dict[str, Any] = json.loads(
            outlive("new", "command", "-d", "--json", "-n", name, "-C", str(area.home), "--", *argv)
        )
        return made

    return new


@pytest.fixture
def gate(area: Area) -> Iterator[Gate]:
    """A gate to hold a program at."""
    made = Gate(area.root / "gate")
    yield made
    made.close()


@pytest.fixture
def reader(session_bus: BusDaemon) -> Iterator[ScreenReader]:
    """A screen reader on the desktop's bus."""
    with screen_reader() as made:
        yield made


def until_known(action: Callable[[], None], done: Callable[[], object], what: str) -> None:
    """Do as a user does who sees that the window has not learnt yet of a change elsewhere: try again a little later."""

    def tried() -> bool:
        action()
        with suppress(WaitTimeout):
            wait_until(done, LEARNS_WITHIN_S, what, is_exact=True)
            return True
        return False

    wait_until(tried, WAIT_S, what)


def everything(session_id: str) -> str:
    """Screen and history, as the host has them."""
    return outlive("peek", session_id, "--scrollback", "--lines", "0")


def listed(session_id: str) -> dict[str, Any]:
    """A chat as ``ls --all --json`` tells."""
    found: list[dict[str, Any]] = json.loads(outlive("ls", "--all", "--json"))
    return next(one for one in found if one["id"] == session_id)


def echo() -> list[str]:
    """A program that shows what is typed."""
    return program("raw_echo")


def picture(own: Window, area: Area, name: str) -> Path:
    """A picture of the window."""
    path = area.root / f"{name}.png"
    own.ask("grab", file=str(path))
    return path


def is_bar_shown(own: Window, area: Area, color: str) -> bool:
    """Whether a line with this colour of the light theme lies over an end of the terminal.

    It has the colour "accent" for "reconnecting", and "needs_you" for a host that does not answer.
    """
    image = QImage(str(picture(own, area, "bar")))
    wanted = LIGHT.tokens.color(color)
    ends = (*range(30, 50), *range(image.height() - 60, image.height() - 20))
    return any(image.pixelColor(image.width() // 2, y_px) == wanted for y_px in ends)
