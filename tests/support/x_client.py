"""An X client in this process: presses keys without starting a process, and detects each change of the pixels.

It uses the system's libX11, libXtst (XTEST) and libXdamage. Sources: Xlib, XTEST and DAMAGE protocol specifications.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import NamedTuple

_RAW_RECTANGLES = 0
_Z_PIXMAP = 2
_ALL_PLANES = ctypes.c_ulong(-1).value
_EVENT_BYTES = 192
"""The size of Xlib's XEvent, a union of 24 longs."""


class Area(NamedTuple):
    """A part of the screen, in pixels."""

    left: int
    top: int
    width: int
    height: int


class _Image(ctypes.Structure):
    """The first fields of Xlib's XImage."""

    _fields_ = (
        ("width", ctypes.c_int),
        ("height", ctypes.c_int),
        ("xoffset", ctypes.c_int),
        ("format", ctypes.c_int),
        ("data", ctypes.c_void_p),
        ("byte_order", ctypes.c_int),
        ("bitmap_unit", ctypes.c_int),
        ("bitmap_bit_order", ctypes.c_int),
        ("bitmap_pad", ctypes.c_int),
        ("depth", ctypes.c_int),
        ("bytes_per_line", ctypes.c_int),
    )


class XClient:
    """A connection to the X server that ``DISPLAY`` names."""

    def __init__(self) -> None:
        self._x11 = _library("X11")
        self._xtst = _library("Xtst")
        self._xdamage = _library("Xdamage")
        for name in ("XOpenDisplay", "XDefaultRootWindow", "XGetImage", "XStringToKeysym"):
            getattr(self._x11, name).restype = ctypes.c_void_p
        self._xdamage.XDamageCreate.restype = ctypes.c_ulong
        display = self._x11.XOpenDisplay(None)
        assert display, "no X server"
        self._display = ctypes.c_void_p(display)
        self._root = ctypes.c_ulong(self._x11.XDefaultRootWindow(self._display))
        base, error = ctypes.c_int(), ctypes.c_int()
        assert self._xdamage.XDamageQueryExtension(self._display, ctypes.byref(base), ctypes.byref(error))
        self._poll = select.poll()
        self._poll.register(self._x11.XConnectionNumber(self._display), select.POLLIN)
        self._event = ctypes.create_string_buffer(_EVENT_BYTES)

    def close(self) -> None:
        """End the connection."""
        self._x11.XCloseDisplay(self._display)

    # ------------------------------------------------------------ keys

    def press(self, *names: str) -> float:
        """Press keys together, by the names of their symbols, and release them; returns the time of the last press.

        Returns:
            The time on CLOCK_MONOTONIC, in seconds.
        """
        codes = [self._code(name) for name in names]
        for code in codes:
            self._xtst.XTestFakeKeyEvent(self._display, code, 1, ctypes.c_ulong(0))
        began_s = time.monotonic()
        self._x11.XFlush(self._display)
        for code in reversed(codes):
            self._xtst.XTestFakeKeyEvent(self._display, code, 0, ctypes.c_ulong(0))
        self._x11.XFlush(self._display)
        return began_s

    def type(self, text: str) -> None:
        """Press the keys of a text of small letters and digits, one after the other, without a pause."""
        for character in text:
            code = self._code(character)
            self._xtst.XTestFakeKeyEvent(self._display, code, 1, ctypes.c_ulong(0))
            self._xtst.XTestFakeKeyEvent(self._display, code, 0, ctypes.c_ulong(0))
        self._x11.XFlush(self._display)

    def has_keyboard(self, window_id: int) -> bool:
        """Whether this window has the keyboard focus."""
        window, revert = ctypes.c_ulong(), ctypes.c_int()
        self._x11.XGetInputFocus(self._display, ctypes.byref(window), ctypes.byref(revert))
        return window.value == window_id

    def _code(self, name: str) -> int:
        symbol = ctypes.c_ulong(self._x11.XStringToKeysym(name.encode()) or 0)
        code = int(self._x11.XKeysymToKeycode(self._display, symbol)) & 0xFF
        assert code, f"no key has {name}"
        return code

    # ------------------------------------------------------------ pixels

    def pixels(self, area: Area) -> bytes:
        """The pixels of a part of the screen, 4 bytes each."""
        found = self._x11.XGetImage(self._display, self._root, *area, ctypes.c_ulong(_ALL_PLANES), _Z_PIXMAP)
        assert found, f"{area} is not on the screen"
        pointer = ctypes.c_void_p(found)
        image = ctypes.cast(pointer, ctypes.POINTER(_Image)).contents
        data = ctypes.string_at(image.data, image.bytes_per_line * image.height)
        self._x11.XDestroyImage(pointer)
        return data

    def area_of(self, window_id: int) -> Area:
        """A window's area on the screen, without its frame."""
        window, root, child = ctypes.c_ulong(window_id), ctypes.c_ulong(), ctypes.c_ulong()
        left, top = ctypes.c_int(), ctypes.c_int()
        width, height, border, depth = (ctypes.c_uint() for _ in range(4))
        self._x11.XGetGeometry(
            self._display, window, *map(ctypes.byref, (root, left, top, width, height, border, depth))
        )
        self._x11.XTranslateCoordinates(self._display, window, self._root, 0, 0, *map(ctypes.byref, (left, top, child)))
        return Area(left.value, top.value, width.value, height.value)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Record each paint on the screen for ``wait_painted``."""
        damage = ctypes.c_ulong(self._xdamage.XDamageCreate(self._display, self._root, _RAW_RECTANGLES))
        self._x11.XSync(self._display, 0)
        try:
            yield
        finally:
            self._xdamage.XDamageDestroy(self._display, damage)
            self._x11.XSync(self._display, 1)

    def wait_painted(self, timeout_s: float) -> bool:
        """Wait for a paint since the last call; False if there was none within this time."""
        if not self._x11.XPending(self._display):
            self._poll.poll(max(timeout_s, 0) * 1000)
        count = int(self._x11.XPending(self._display))
        for _ in range(count):
            self._x11.XNextEvent(self._display, self._event)
        return count > 0


@cache
def _library(name: str) -> ctypes.CDLL:
    path = ctypes.util.find_library(name)
    assert path, f"lib{name} is not installed"
    return ctypes.CDLL(path)
