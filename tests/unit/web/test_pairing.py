"""What the desk calls a device that asks is what its browser says, and never more than a few words of ours."""

from __future__ import annotations

import pytest

from session_host.web.pairing import browser_of

_WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (Android 16; Mobile; rv:150.0) Gecko/150.0 Firefox/150.0", "Firefox on Android"),
        (f"Mozilla/5.0 (Linux; Android 10; K) {_WEBKIT} Chrome/150.0 Mobile Safari/537.36", "Chrome on Android"),
        (
            f"Mozilla/5.0 (Linux; Android 14) {_WEBKIT} SamsungBrowser/27.0 Chrome/130 Safari",
            "Samsung Internet on Android",
        ),
        (f"Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) {_WEBKIT} Version/19.0 Safari", "Safari on iPhone"),
        (f"Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) {_WEBKIT} CriOS/150.0 Safari", "Chrome on iPhone"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64) {_WEBKIT} Chrome/150.0 Safari/537.36 Edg/150.0", "Edge on Windows"),
        (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_WEBKIT} Version/19.0 Safari", "Safari on Mac"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0", "Firefox on Linux"),
        ("curl/8.0", "A browser"),
        ("your own phone: say yes\n\x1b[2J" * 1000, "A browser"),
        ("", "A browser"),
    ],
)
def test_a_browser_is_called_by_its_name_and_its_system(user_agent: str, name: str) -> None:
    assert browser_of(user_agent) == name
