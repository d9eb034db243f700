"""Directories of a test: home, runtime, state and configuration."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PREFIX = "ot-"
"""Short, since the paths of sockets below it must fit into 108 bytes."""

SCRUBBED = (
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "DESKTOP_SESSION",
    "KDE_FULL_SESSION",
    "GNOME_DESKTOP_SESSION_ID",
    "SESSION_MANAGER",
    "TMUX",
    "TMUX_PANE",
    "STY",
    "WINDOWID",
    "COLUMNS",
    "LINES",
    "VTE_VERSION",
    "TERM_PROGRAM",
    "TERM_PROGRAM_VERSION",
    "OUTLIVE_SESSION",
    "OUTLIVE_AGENT_CHATS",
    "PYTHONASYNCIODEBUG",
    "QT_QPA_PLATFORM",
    "QT_QPA_PLATFORMTHEME",
    "QT_STYLE_OVERRIDE",
    "QT_SCALE_FACTOR",
    "QT_FONT_DPI",
    "QT_DEBUG_PLUGINS",
    "PS1",
    "PS2",
    "PROMPT_COMMAND",
    "BASH_ENV",
    "ENV",
)

FONTS = Path(__file__).with_name("fonts.conf")


class Area:
    """Directories of one test, all below ``root``, and the environment variables that name them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / "home"
        self.runtime = root / "r"
        self.state = root / "state"
        self.config = root / "config"
        self.temporary = root / "tmp"
        self.xdg_runtime = root / "xdg"
        self._directories = (self.home, self.runtime, self.state, self.config, self.temporary, self.xdg_runtime)
        for directory in self._directories:
            directory.mkdir(mode=0o700)

    def is_untouched(self) -> bool:
        """Whether the directories are unchanged: they exist, and are empty and private."""
        with contextlib.suppress(OSError):
            return set(self.root.iterdir()) == set(self._directories) and not any(
                (found := each.lstat()).st_mode != stat.S_IFDIR | 0o700
                or found.st_uid != os.getuid()
                or any(each.iterdir())
                for each in self._directories
            )
        return False

    def enter(self, patch: pytest.MonkeyPatch) -> None:
        """Set the environment of this process to these directories, until ``patch`` is undone."""
        for name in [name for name in os.environ if name in SCRUBBED or name.startswith("XDG_")]:
            patch.delenv(name)
        for name, value in {
            "HOME": self.home,
            "OUTLIVE_RUNTIME_DIR": self.runtime,
            "OUTLIVE_STATE_DIR": self.state,
            "OUTLIVE_CONFIG_DIR": self.config,
            "TMPDIR": self.temporary,
            "XDG_RUNTIME_DIR": self.xdg_runtime,
            # Nothing listens at this address, so no test talks to the real desktop or starts a bus.
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={self.xdg_runtime}/no-bus",
            "FONTCONFIG_FILE": FONTS,
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "TERM": "xterm-256color",
        }.items():
            patch.setenv(name, str(value))
        patch.setattr(tempfile, "tempdir", str(self.temporary))


@contextmanager
def new_area() -> Iterator[Area]:
    """Make an area directly under /tmp, and remove it at the end."""
    root = Path(tempfile.mkdtemp(prefix=PREFIX, dir="/tmp"))
    try:
        yield Area(root)
    finally:
        _remove(root)


_untouched: list[Area] = []


@contextmanager
def reused_area() -> Iterator[Area]:
    """As ``new_area``, but the next test reuses the area if this test leaves nothing in it."""
    area = _untouched.pop() if _untouched else Area(Path(tempfile.mkdtemp(prefix=PREFIX, dir="/tmp")))
    try:
        yield area
    finally:
        if area.is_untouched():
            _untouched.append(area)
        else:
            _remove(area.root)


@contextmanager
def reusing() -> Iterator[None]:
    """A context for ``reused_area``; at its end, the reusable area is removed."""
    try:
        yield
    finally:
        while _untouched:
            _remove(_untouched.pop().root)


def _remove(root: Path) -> None:
    with contextlib.suppress(OSError):  # most tests leave the directories empty
        for directory in root.iterdir():
            directory.rmdir()
        root.rmdir()
        return
    for path, _, _ in os.walk(root):
        Path(path).chmod(0o700)  # tests make directories unreadable
    shutil.rmtree(root)
