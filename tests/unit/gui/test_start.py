"""The window's start, and its messages on standard error."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import PySide6
import pytest

from gui.start import platform_arguments
from session_host.client.window_control import WindowNotOpen, ask
from tests.support.area import Area
from tests.support.commands import REPOSITORY, environment
from tests.support.waiting import wait_until

STARTED = """
from PySide6.QtCore import QLoggingCategory
from PySide6.QtGui import QFont, QFontMetricsF
from PySide6.QtWidgets import QApplication
from gui.start import LOG_RULES, _no_abort
QLoggingCategory.setFilterRules(LOG_RULES)
with _no_abort():
    application = QApplication([])
QFontMetricsF(QFont("DejaVu Sans Mono")).horizontalAdvance("हिन्दी ਪੰਜਾਬੀ ગુજરાતી தமிழ் ພາສາລາວ བོད་ཡིག ᠮᠣᠩᠭᠣᠯ")
"""

IMPORTS = """
import gui.__main__, linecache, sys
gui.__main__._import_as_python_does()
import gui.app
print(len(linecache.cache), *(name for name in sys.modules if name.startswith(("gui.chat.", "markdown_it"))))
"""

PLUGINS = """
from pathlib import Path
from PySide6.QtWidgets import QApplication
from gui.start import prefer_own_plugins
prefer_own_plugins()
application = QApplication([])
print({line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if "libqoffscreen" in line})
"""

HANGING_EXIT = """
import atexit, runpy, sys, threading
from gui import start
start.EXIT_TIMEOUT_S = 1
atexit.register(threading.Event().wait)
runpy.run_module("gui", run_name="__main__", alter_sys=True)
"""


def test_a_window_ends_although_qt_hangs_at_the_exit(area: Area) -> None:
    def closes() -> bool:
        try:
            ask("close")
        except WindowNotOpen:
            return False
        return True

    process = subprocess.Popen([sys.executable, "-c", HANGING_EXIT], env=environment({"QT_QPA_PLATFORM": "offscreen"}))
    try:
        wait_until(closes, 60, "the window to close")
        assert process.wait(60) == -signal.SIGALRM
    finally:
        process.kill()
        process.wait()


def test_text_in_scripts_without_a_font_and_a_locale_without_utf_8_print_no_messages() -> None:
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "LC_ALL": "C"}
    done = subprocess.run([sys.executable, "-c", STARTED], env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_a_display_that_cannot_be_reached_is_one_line_which_does_not_blame_the_locale() -> None:
    environment = os.environ | {"QT_QPA_PLATFORM": "xcb", "DISPLAY": ":987", "LC_ALL": "C"}
    done = subprocess.run([sys.executable, "-m", "gui"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, "it does not crash"
    (line,) = done.stderr.splitlines()
    assert line.startswith("outlive: cannot open a window: could not connect to display :987; check DISPLAY")


def test_a_wayland_display_that_cannot_be_reached_is_named() -> None:
    environment = os.environ | {"QT_QPA_PLATFORM": "wayland", "WAYLAND_DISPLAY": "none"}
    done = subprocess.run([sys.executable, "-m", "gui"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("outlive: cannot open a window: Failed to create wl_display (")
    assert "; check WAYLAND_DISPLAY, or use `outlive new`" in line


@pytest.mark.parametrize(
    ("session", "arguments"),
    [
        ({"KDE_SESSION_VERSION": "5", "WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":1"}, ["-platform", "xcb;wayland"]),
        ({"KDE_SESSION_VERSION": "6", "WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":1"}, []),
        ({"KDE_SESSION_VERSION": "5", "WAYLAND_DISPLAY": "wayland-0"}, []),
        (
            {
                "KDE_SESSION_VERSION": "5",
                "WAYLAND_DISPLAY": "wayland-0",
                "DISPLAY": ":1",
                "QT_QPA_PLATFORM": "wayland",
            },
            [],
        ),
    ],
)
def test_plasma_5_which_would_draw_slanted_stripes_on_wayland_gets_an_x11_window(
    session: dict[str, str], arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("KDE_SESSION_VERSION", "WAYLAND_DISPLAY", "DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in session.items():
        monkeypatch.setenv(name, value)
    assert platform_arguments() == arguments


def test_a_plugin_that_the_user_has_for_another_qt_is_not_loaded(tmp_path: Path) -> None:
    own = Path(PySide6.__file__).parent / "Qt" / "plugins" / "platforms" / "libqoffscreen.so"
    (tmp_path / "platforms").mkdir()
    shutil.copy(own, tmp_path / "platforms")
    done = subprocess.run(
        [sys.executable, "-c", PLUGINS],
        env=environment({"QT_QPA_PLATFORM": "offscreen", "QT_PLUGIN_PATH": str(tmp_path)}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == (f"{ {str(own)} }\n", "")


def test_a_start_reads_no_sources_and_loads_no_chat_view() -> None:
    """PySide6 would read every module's source, and keep it; few windows show a chat view at once."""
    done = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True)
    read, *loaded = done.stdout.split()
    assert int(read) < 10
    assert not loaded


OLD_QT = """
import sys
import tomllib
import PySide6
PySide6.__version__ = "6.8.2"
from gui.__main__ import main
sys.exit(main([]))
"""


def test_a_qt_that_is_too_old_is_named_with_the_version_that_is_needed(area: Area) -> None:
    """Debian 13's own PySide6 6.8.2 ended the window with a traceback."""
    done = subprocess.run(
        [sys.executable, "-c", OLD_QT],
        env=environment({"QT_QPA_PLATFORM": "offscreen"}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    needed = "the window needs PySide6 6.10 or later, and this is 6.8.2"
    assert done.stderr == f"outlive: {needed}; `outlive doctor` says how to install it\n"
    extra = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["optional-dependencies"]["window"]
    assert extra[0].startswith("PySide6-Essentials>=6.10,")
