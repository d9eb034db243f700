"""Values of a transcript."""

from __future__ import annotations

import pytest

from session_host.structured.items import UsageChanged


@pytest.mark.parametrize(
    ("used", "window", "share"),
    [(50, 200, 0.25), (300, 200, 1.0), (0, 200, None), (50, 0, None), (-(2**60), 1, None), (50, -1, None)],
)
def test_the_used_share_of_the_context_is_between_nothing_and_all(used: int, window: int, share: float | None) -> None:
    assert UsageChanged(used, window).share == share
