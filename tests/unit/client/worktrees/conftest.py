"""The product changes users' working trees only by ``session_host/placing``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.area import Area
from tests.support.placing_guard import placing_guard


@pytest.fixture(autouse=True)
def guarded(area: Area) -> Iterator[None]:
    with placing_guard(area.state, area.runtime, area.config, area.temporary):
        yield
