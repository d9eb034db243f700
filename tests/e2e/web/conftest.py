"""Fixtures: the page in Chromium at a phone's size, with the server and chats behind it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import Sessions
from tests.support.area import Area
from tests.support.browser import SMALL, Browser, browser
from tests.support.page_server import PageServer
from tests.support.ports import free_port


@pytest.fixture
def server(area: Area, sessions: Sessions) -> Iterator[PageServer]:
    """A running ``outlive web`` on a port of the loopback."""
    port = free_port()
    with PageServer(area, "--port", str(port), address=f"http://localhost:{port}") as server:
        yield server


@pytest.fixture
def phone(server: PageServer) -> Iterator[Browser]:
    """A browser of a phone's size that is not paired yet."""
    with browser() as opened:
        yield opened
        assert opened.complaints() == []


@pytest.fixture
def small_phone(server: PageServer) -> Iterator[Browser]:
    """The same of a small phone at night."""
    with browser(SMALL, is_dark=True) as opened:
        yield opened
        assert opened.complaints() == []
