"""The desktop's entry that starts Outlive at login, and a settings file with a mistake."""

from __future__ import annotations

import pytest

from gui.settings.autostart import autostart_file
from tests.e2e.window.conftest import WAIT_S, OpenWindow
from tests.support.area import Area
from tests.support.waiting import wait_until

pytestmark = pytest.mark.e2e


def test_a_mistake_in_the_settings_at_the_start_leaves_the_entry_until_it_is_corrected(
    open_window: OpenWindow, area: Area
) -> None:
    settings = area.config / "window.toml"
    settings.write_text("start_at_login = true\n")
    with open_window():
        wait_until(autostart_file().exists, WAIT_S, "the entry")
    settings.write_text("start_at_login = true\nfont_size =\n")
    with open_window():
        assert autostart_file().exists(), "a window that listens has applied its settings"
        settings.write_text("start_at_login = false\n")
        wait_until(lambda: not autostart_file().exists(), WAIT_S, "the entry to go")
