"""Fixtures that several tests of the window's parts share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget

from session_host.client.chats.launch_spec import LaunchRequest
from session_host.errors import LaunchFailed
from session_host.protocol.facts import ChatFacts
from session_host.protocol.values import State
from session_host.web import places
from tests.support.facts import chat_facts
from tests.unit.gui.conftest import WAIT_S, WindowHarness

_LOOKS = (
    "session_host.client.chats.directories.LOOK_TIMEOUT_S",
    "gui.window.sheets.export.LOOK_TIMEOUT_S",
    "gui.window.actions.machines.LOOK_TIMEOUT_S",
)

Away = Callable[[Callable[[], object]], Awaitable[None]]


@pytest.fixture(autouse=True)
def page_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """No sheet turns the page on, which a process serves already, at no address."""
    monkeypatch.setattr(places, "is_served", lambda: True)


@pytest.fixture(autouse=True)
def disk_has_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that a busy computer reads late is none that does not answer, unless a test says so."""
    for name in _LOOKS:
        monkeypatch.setattr(name, WAIT_S)


@pytest.fixture
def launches(monkeypatch: pytest.MonkeyPatch) -> list[LaunchRequest]:
    """The requested starts; each succeeds whose directory exists."""
    requests: list[LaunchRequest] = []

    async def launch(request: LaunchRequest) -> ChatFacts:
        if not Path(request.directory).is_dir():
            raise LaunchFailed(f"the directory {request.directory} does not exist")
        requests.append(request)
        return chat_facts(
            id=f"00000000-0000-4000-8000-{len(requests):012}",
            name=request.name or "unnamed",
            agent=request.agent.name,
            argv=[request.agent.name, *request.arguments],
            cwd=request.directory,
            state=State.RUNNING,
            created_at="2026-01-02T03:04:05Z",
        )

    for place in ("session_host.client.chats.launch", "session_host.client.chats.earlier_conversations"):
        monkeypatch.setattr(f"{place}.launch", launch)
    return requests


@pytest.fixture
async def away(harness: WindowHarness) -> AsyncIterator[Away]:
    """Does something while another window is active, and then activates the product's window again."""
    other = QWidget()

    async def activate(window: QWidget) -> None:
        window.show()
        window.activateWindow()
        await harness.until(window.isActiveWindow, "the window to be active")

    async def do_meanwhile(action: Callable[[], object]) -> None:
        await activate(harness.window)
        await activate(other)
        action()
        await activate(harness.window)

    yield do_meanwhile
    other.close()
    other.deleteLater()
