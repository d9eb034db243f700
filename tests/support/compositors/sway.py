"""Sway, without a screen, drawn by the processor."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from PySide6.QtGui import QImage

from tests.support.compositors.client import Client
from tests.support.compositors.compositor import Compositor, directory, running
from tests.support.compositors.keyboard import MASKS, MODIFIERS
from tests.support.other_users import NOBODY

WIDTH_PX, HEIGHT_PX = 1200, 800
_OUTPUTS = ("HEADLESS-1", "HEADLESS-2")
_CONFIGURATION = f"""
output * resolution {WIDTH_PX}x{HEIGHT_PX}
output HEADLESS-1 position 0 0
output HEADLESS-2 position {WIDTH_PX} 0
xwayland disable
default_border none
"""
_KEYMAP = """xkb_keymap {
xkb_keycodes { include "evdev+aliases(qwerty)" };
xkb_types { include "complete" };
xkb_compat { include "complete" };
xkb_symbols { include "pc+%s+inet(evdev)" };
};"""
_LEFT_BUTTON = 0x110
_KEYBOARDS, _POINTERS = "zwp_virtual_keyboard_manager_v1", "zwlr_virtual_pointer_manager_v1"


class Sway(Compositor):
    """A running sway."""

    display_px = WIDTH_PX, HEIGHT_PX

    def __init__(self, process: subprocess.Popen[bytes], directory: Path) -> None:
        super().__init__(process, directory / "wayland-1")
        self._commands = directory / "commands"
        self._client = Client(self.socket)
        seat = self._client.bind("wl_seat", 1)
        keyboards, pointers = self._client.bind(_KEYBOARDS, 1), self._client.bind(_POINTERS, 1)
        self._keyboard, self._pointer = self._client.new_id(), self._client.new_id()
        self._client.request(keyboards, 0, seat, self._keyboard)
        self._client.request(pointers, 0, seat, self._pointer)
        self.set_layout("us")

    def set_layout(self, layout: str) -> None:
        """Change the keyboard's layout, by its name in xkb."""
        with tempfile.TemporaryFile() as file:
            size = file.write((_KEYMAP % layout).encode() + b"\0")
            file.flush()
            self._client.request(self._keyboard, 0, 1, size, descriptor=file.fileno())
            self._client.wait()

    def _press(self, modifiers: list[str], code: int) -> None:
        for each in modifiers:
            self._client.request(self._keyboard, 1, 0, MODIFIERS[each], 1)
        self._set_modifiers(modifiers)
        self._client.request(self._keyboard, 1, 0, code, 1)
        self._client.request(self._keyboard, 1, 0, code, 0)
        for each in modifiers:
            self._client.request(self._keyboard, 1, 0, MODIFIERS[each], 0)
        self._set_modifiers([])
        self._client.wait()

    def _set_modifiers(self, modifiers: list[str]) -> None:
        self._client.request(self._keyboard, 2, sum(MASKS[each] for each in modifiers), 0, 0, 0)

    def move_to(self, x: int, y: int) -> None:
        width, height = (
            max(each["rect"][side] + each["rect"][edge] for each in self.outputs())
            for side, edge in (("x", "width"), ("y", "height"))
        )
        self._client.request(self._pointer, 1, 0, x, y, width, height)
        self._client.request(self._pointer, 4)
        self._client.wait()

    def click(self) -> None:
        for is_down in (1, 0):
            self._client.request(self._pointer, 2, 0, _LEFT_BUTTON, is_down)
            self._client.request(self._pointer, 4)
        self._client.wait()

    def set_scale(self, scale: float, display: int = 0) -> None:
        self.ask(f"output {_OUTPUTS[display]} scale {scale:g}")

    def move_window_to(self, display: int) -> None:
        self.ask(f"move container to output {_OUTPUTS[display]}; focus output {_OUTPUTS[display]}")

    def outputs(self) -> list[dict[str, Any]]:
        """The displays that are on, as sway describes them."""
        outputs: list[dict[str, Any]] = json.loads(self.ask("-t", "get_outputs"))
        return [each for each in outputs if each["active"]]

    def windows(self) -> list[dict[str, Any]]:
        """The windows, as sway describes them."""

        def below(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
            if node.get("pid"):
                yield node
            for each in node["nodes"] + node["floating_nodes"]:
                yield from below(each)

        return list(below(json.loads(self.ask("-t", "get_tree"))))

    def focused(self) -> str:
        return next((str(each["name"]) for each in self.windows() if each["focused"]), "")

    def has_mark(self) -> bool:
        return any(each["urgent"] for each in self.windows())

    def picture(self, display: int = 0) -> QImage:
        picture = QImage.fromData(
            subprocess.run(
                ["grim", "-o", _OUTPUTS[display], "-t", "ppm", "-"],
                env={**os.environ, **self.environment()},
                stdout=subprocess.PIPE,
                check=True,
                timeout=60,
            ).stdout
        )
        assert not picture.isNull()
        return picture

    def ask(self, *words: str) -> str:
        """Run a command of sway, or ask it something; returns the answer."""
        return self.run("swaymsg", "--socket", str(self._commands), "--raw", *words)

    def reset(self) -> None:
        super().reset()
        self.ask("focus output HEADLESS-1")
        self.set_layout("us")

    def close(self) -> None:
        """Take away the keyboard and the pointer."""
        self._client.close()


@contextmanager
def sway() -> Iterator[Sway]:
    """Run sway; yields it when it is ready.

    It refuses to run as root, so then another user runs it. Root reaches that user's sockets, and clients pass on their
    memory as descriptors.
    """
    with directory("sway") as where:
        configuration, ready = where / "config", where / "ready"
        configuration.write_text(f"{_CONFIGURATION}\nexec touch {ready}\n")
        other = NOBODY if os.getuid() == 0 else None
        if other:
            for each in (where, configuration):
                os.chown(each, other, other)
        environment = {
            "PATH": os.defpath,
            "HOME": str(where),
            "XDG_RUNTIME_DIR": str(where),
            "LANG": "C.UTF-8",
            "SWAYSOCK": str(where / "commands"),
            "WLR_BACKENDS": "headless",
            "WLR_HEADLESS_OUTPUTS": "2",
            "WLR_RENDERER": "pixman",
            "WLR_LIBINPUT_NO_DEVICES": "1",
        }
        with (
            running(["sway", "-c", str(configuration)], environment, where, ready.exists, user=other) as process,
            closing(Sway(process, where)) as compositor,
        ):
            yield compositor
