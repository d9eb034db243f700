"""Reads an X selection from its owner, by libxcb, with events instead of waiting (ICCCM, section 2)."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Generator
from ctypes import POINTER, byref, c_char_p, c_int, c_uint8, c_uint16, c_uint32, c_void_p
from functools import cache
from typing import Any, Final

from PySide6.QtCore import QMimeData, QObject, QSocketNotifier, QUrl
from PySide6.QtGui import QImage

from gui.timers import single_shot

TIMEOUT_MS = 2000
"""An owner that sends nothing for this time does not answer."""

MAX_BYTES = 512 * 1024 * 1024
"""No content is longer; an owner that sends without an end does not fill the memory."""

_TEXTS: Final = ("UTF8_STRING", "text/plain;charset=utf-8", "text/plain", "STRING")
_IMAGES: Final = ("image/png", "image/bmp", "image/jpeg", "image/webp", "image/tiff", "image/gif")
_FILES: Final = "text/uri-list"

_SELECTION_NOTIFY, _PROPERTY_NOTIFY = 31, 28
_EVENT_MASK, _PROPERTY_CHANGES = 2048, 0x400000
_INPUT_ONLY = 2

Content = QMimeData | None
"""None if the owner does not answer."""


class _Reply(ctypes.Structure):
    """The reply of GetProperty."""

    _fields_ = [
        ("kind", c_uint8),
        ("format", c_uint8),
        ("sequence", c_uint16),
        ("length", c_uint32),
        ("type", c_uint32),
        ("bytes_after", c_uint32),
        ("value_length", c_uint32),
    ]


class _Event(ctypes.Structure):
    """SelectionNotify; PropertyNotify has the window, the property and its state in the first three of the words."""

    _fields_ = [("kind", c_uint8), ("pad", c_uint8), ("sequence", c_uint16), ("words", c_uint32 * 5)]


class _Cookie(ctypes.Structure):
    _fields_ = [("sequence", ctypes.c_uint)]


class _Atom(ctypes.Structure):
    _fields_ = [("head", c_uint32 * 2), ("atom", c_uint32)]


class _Roots(ctypes.Structure):
    _fields_ = [("data", POINTER(c_uint32)), ("remaining", c_int), ("index", c_int)]


_SIZES = [c_uint16] * 6


@cache
def _library() -> Any:
    """libxcb, which Qt's plugin for X11 has loaded.

    Raises:
        OSError: there is none.
    """
    xcb: Any = ctypes.CDLL("libxcb.so.1")
    for name, result, arguments in (
        ("connect", c_void_p, (c_char_p, POINTER(c_int))),
        ("connection_has_error", c_int, (c_void_p,)),
        ("disconnect", None, (c_void_p,)),
        ("get_setup", c_void_p, (c_void_p,)),
        ("setup_roots_iterator", _Roots, (c_void_p,)),
        ("get_file_descriptor", c_int, (c_void_p,)),
        ("generate_id", c_uint32, (c_void_p,)),
        ("flush", c_int, (c_void_p,)),
        ("poll_for_event", POINTER(_Event), (c_void_p,)),
        ("intern_atom", _Cookie, (c_void_p, c_uint8, c_uint16, c_char_p)),
        ("intern_atom_reply", POINTER(_Atom), (c_void_p, _Cookie, c_void_p)),
        ("convert_selection", _Cookie, (c_void_p, c_uint32, c_uint32, c_uint32, c_uint32, c_uint32)),
        ("get_property", _Cookie, (c_void_p, c_uint8, c_uint32, c_uint32, c_uint32, c_uint32, c_uint32)),
        ("get_property_reply", POINTER(_Reply), (c_void_p, _Cookie, c_void_p)),
        ("get_property_value", c_void_p, (POINTER(_Reply),)),
        ("get_property_value_length", c_int, (POINTER(_Reply),)),
        ("create_window", _Cookie, (c_void_p, c_uint8, c_uint32, c_uint32, *_SIZES, c_uint32, c_uint32, c_void_p)),
    ):
        function = getattr(xcb, f"xcb_{name}")
        function.restype, function.argtypes = result, arguments
    return xcb


@cache
def _free() -> Any:
    function = ctypes.CDLL(None).free
    function.restype, function.argtypes = None, (c_void_p,)
    return function


class SelectionRead(QObject):
    """Reads one selection once, over a connection of its own: no late answer is taken for another one's."""

    def __init__(self, selection: str, on_read: Callable[[Content], object], parent: QObject) -> None:
        """Begin to read.

        Args:
            selection: "CLIPBOARD" or "PRIMARY".
            on_read: called once, from Qt's loop, with the content, which is empty if there is no owner.
            parent: the parent of this object, which deletes itself.

        Raises:
            OSError: there is no libxcb, or the X server cannot be reached.
        """
        super().__init__(parent)
        self._on_read = on_read
        self._xcb = _library()
        screen = c_int()
        self._connection = self._xcb.xcb_connect(None, byref(screen))
        if self._xcb.xcb_connection_has_error(self._connection):
            self._xcb.xcb_disconnect(self._connection)
            raise ConnectionError
        roots = self._xcb.xcb_setup_roots_iterator(self._xcb.xcb_get_setup(self._connection))
        self._window = self._xcb.xcb_generate_id(self._connection)
        self._xcb.xcb_create_window(
            self._connection,
            0,
            self._window,
            roots.data[0],
            0,
            0,
            1,
            1,
            0,
            _INPUT_ONLY,
            0,
            _EVENT_MASK,
            byref(c_uint32(_PROPERTY_CHANGES)),
        )
        self._selection = self._atom(selection)
        self._property, self._incremental = self._atom("OUTLIVE_SELECTION"), self._atom("INCR")
        self._notifier = QSocketNotifier(
            self._xcb.xcb_get_file_descriptor(self._connection), QSocketNotifier.Type.Read, self
        )
        self._notifier.activated.connect(self._on_readable)
        self._timer = single_shot(self, TIMEOUT_MS)
        self._timer.timeout.connect(lambda: self._end(None))
        self._steps = self._read()
        self._go_on(None)

    def _atom(self, name: str) -> int:
        """The number of a name; the X server answers at once."""
        encoded = name.encode()
        cookie = self._xcb.xcb_intern_atom(self._connection, 0, len(encoded), encoded)
        reply = self._xcb.xcb_intern_atom_reply(self._connection, cookie, None)
        if not reply:
            return 0
        atom = int(reply.contents.atom)
        _free()(reply)
        return atom

    def _on_readable(self) -> None:
        while self._connection is not None and (event := self._xcb.xcb_poll_for_event(self._connection)):
            kind, words = event.contents.kind & 0x7F, list(event.contents.words)
            _free()(event)
            self._timer.start()
            if kind == _SELECTION_NOTIFY:
                self._go_on(words[4] != 0)
            elif kind == _PROPERTY_NOTIFY and words[1] == self._property and words[3] & 0xFF == 0:
                self._go_on(None)
        if self._connection is not None and self._xcb.xcb_connection_has_error(self._connection):
            self._end(None)

    def _go_on(self, answer: bool | None) -> None:
        """Continue the steps with an event: whether the owner has answered a conversion; None for a new property."""
        self._timer.start()
        try:
            self._steps.send(answer)
        except StopIteration as ended:
            self._end(ended.value)
        else:
            self._xcb.xcb_flush(self._connection)

    def _end(self, content: Content) -> None:
        if self._connection is None:
            return
        self._timer.stop()
        self._notifier.setEnabled(False)
        self._xcb.xcb_disconnect(self._connection)
        self._connection = None
        self._steps.close()
        self.deleteLater()
        self._on_read(content)

    def _read(self) -> Generator[None, bool | None, QMimeData]:
        """The steps: which formats there are, then those that a paste uses."""
        content = QMimeData()
        offered = yield from self._convert("TARGETS")
        atoms = set(memoryview(offered[: len(offered) // 4 * 4]).cast("I"))

        def is_offered(name: str) -> bool:
            return self._atom(name) in atoms

        if is_offered(_FILES):
            lines = (yield from self._convert(_FILES)).split()
            content.setUrls([QUrl.fromEncoded(bytes(line)) for line in lines if not line.startswith(b"#")])
        if (name := next(filter(is_offered, _TEXTS), None)) is not None:
            encoded = yield from self._convert(name)
            content.setText(encoded.decode("latin-1" if name == "STRING" else "utf-8", "replace").rstrip("\0"))
        elif (name := next(filter(is_offered, _IMAGES), None)) is not None:
            content.setImageData(QImage.fromData(bytes((yield from self._convert(name)))))
        return content

    def _convert(self, target: str) -> Generator[None, bool | None, bytearray]:
        """Ask the owner for one format; returns its bytes, none if it refuses."""
        self._xcb.xcb_convert_selection(
            self._connection, self._window, self._selection, self._atom(target), self._property, 0
        )
        answer = None
        while answer is None:  # The owner's property is also an event, before its answer.
            answer = yield
        content = bytearray()
        if not answer or not self._take(content):
            return content
        content.clear()  # The length of what comes in parts.
        while True:
            answer = yield
            length = len(content)
            if answer is None:
                self._take(content)
                if len(content) == length or length > MAX_BYTES:
                    return content

    def _take(self, content: bytearray) -> bool:
        """Add the property's bytes and delete it, which asks for the next part; returns whether parts follow."""
        cookie = self._xcb.xcb_get_property(self._connection, 1, self._window, self._property, 0, 0, MAX_BYTES // 4)
        reply = self._xcb.xcb_get_property_reply(self._connection, cookie, None)
        if not reply:
            return False
        length = self._xcb.xcb_get_property_value_length(reply)
        content += ctypes.string_at(self._xcb.xcb_get_property_value(reply), length)
        is_incremental = bool(reply.contents.type == self._incremental)
        _free()(reply)
        return is_incremental
