"""The name that *Add a machine…* suggests for a destination."""

from __future__ import annotations

import pytest

from gui.window.sheets.add_machine import suggested_name


@pytest.mark.parametrize(
    ("destination", "name"),
    [
        ("me@devbox.example.org", "devbox"),
        ("ssh://me@devbox.example.org:2222", "devbox"),
        ("devbox:22", "devbox"),
        ("192.0.2.7", "192.0.2.7"),
        ("ssh://192.0.2.7:2222", "192.0.2.7"),
        ("web", "web-2"),
        ("me@", ""),
        ("", ""),
    ],
)
def test_a_name_is_suggested(destination: str, name: str) -> None:
    assert suggested_name(destination, {"web"}) == name
