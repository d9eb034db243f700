"""Fixtures for tests of the page's server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import Sessions
from tests.support.area import Area
from tests.support.page_server import Device, PageServer


@pytest.fixture
def server(area: Area, sessions: Sessions) -> Iterator[PageServer]:
    """A running ``outlive web``."""
    with PageServer(area) as server:
        yield server


@pytest.fixture
def device(server: PageServer) -> Iterator[Device]:
    """A device that may do everything."""
    with server.pair() as device:
        yield device
