"""The window starts and is used whatever the user's locale, clock, home and mask for new files are.

Locales are made for each test (``tests/support/locales.py``), so none is skipped. What the words look like is shown by
``tests/unit/gui/wording/test_dates.py``.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from session_host.paths import window_log
from tests.support.area import Area
from tests.support.locales import make
from tests.support.waiting import wait_until
from tests.support.windows import PATIENT_ARGV, outlive, settings_window

from .conftest import WAIT_S, OpenWindow, chat_text

pytestmark = pytest.mark.e2e

LOCALES = [
    {"LC_ALL": "tr_TR.UTF-8"},
    {"LC_ALL": "az_AZ.UTF-8"},
    {"LC_ALL": "de_DE.UTF-8"},
    {"LC_ALL": "ar_SA.UTF-8"},
    {"LC_ALL": "ja_JP.UTF-8"},
    {"LANG": "C.UTF-8", "LC_NUMERIC": "de_DE.UTF-8", "LC_TIME": "ar_SA.UTF-8"},
    {"LANG": "de_DE.UTF-8", "LC_NUMERIC": "ar_SA.UTF-8", "LC_TIME": "ja_JP.UTF-8"},
    {"LC_ALL": "POSIX"},
    {},
]


@pytest.fixture(
    params=LOCALES, ids=lambda found: " ".join(f"{name}={value}" for name, value in found.items()) or "none"
)
def locale(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's locale: only these variables are set."""
    for name in [name for name in os.environ if name.startswith("LC_") or name in {"LANG", "LANGUAGE"}]:
        monkeypatch.delenv(name)
    names = {value.partition(".")[0] for value in request.param.values()} - {"C", "POSIX"}
    for name, value in {**request.param, **make(tmp_path / "locales", *names)}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def odd_home(area: Area, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home with a blank, a quote and a letter that is not ASCII in its path, in the time zone of India."""
    home = area.root / "o'dd höme x"
    for name in ("state", "config"):
        (home / name).mkdir(parents=True, mode=0o700)
        monkeypatch.setenv(f"OUTLIVE_{name.upper()}_DIR", str(home / name))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    before = os.umask(0o077)
    yield home
    os.umask(before)
    shutil.rmtree(home)


def test_the_window_starts_and_is_used(locale: None, odd_home: Path, open_window: OpenWindow) -> None:
    with open_window(argv=PATIENT_ARGV) as app:
        outlive("new", "shell", "-d", "-n", "first", "-C", str(odd_home))
        app.show("first")
        app.focus()
        [tab] = app.tabs()
        app.type('echo "in $PWD"')
        app.press("Return")
        wait_until(lambda: f"in {odd_home}" in chat_text(tab["session_id"]), WAIT_S, "the answer of the shell")
        wait_until(lambda: f"in {odd_home}" in app.copy_all(), WAIT_S, "the answer in the window")
        app.press("ctrl+comma")
        settings_window(app)
    assert "Traceback" not in window_log().read_text()
    assert [each["name"] for each in json.loads(outlive("ls", "--json"))] == ["first"]
