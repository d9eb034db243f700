from __future__ import annotations

import os

import pytest

from gui.settings.preferences import endpoint_defaults
from session_host.paths import config_dir
from tests.support.area import Area


def test_an_unreadable_file_counts_as_none_at_once(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    path = config_dir() / "endpoint.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('url = "http://default/v1"\nmodel = "m"\n')
    assert endpoint_defaults() == ("http://default/v1", "m")
    path.write_text("url = ")
    assert endpoint_defaults() == ("", "")
    path.unlink()
    os.mkfifo(path)  # The window would wait for it.
    assert endpoint_defaults() == ("", "")
