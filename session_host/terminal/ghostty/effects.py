"""Collects a terminal's replies and events.

libghostty-vt reports them through C callbacks. The whole process has one set of callbacks; their userdata identifies
the terminal, as a handle to its Effects. So no object here refers to a terminal, and a dropped terminal is freed.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from session_host.protocol.untrusted_text import plain
from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.base import DefaultColors
from session_host.terminal.events import (
    AgentState,
    Bell,
    Notification,
    Progress,
    TerminalEvent,
    TitleChanged,
)
from session_host.terminal.osc import (
    MAX_BODY_CHARACTERS,
    MAX_TITLE_CHARACTERS,
    KittyNotifications,
    cleaned_body,
    cleaned_title,
    clipboard_of,
    clipboard_set,
)
from session_host.terminal.prompts import mark_of
from session_host.terminal.queries import AGENT_STATE_REPLY
from session_host.version import VERSION

from .library.calls import ffi, lib, set_option, text_of
from .sequences import CLIPBOARD, NOTIFICATION, SHELL_MARK

MAX_EVENTS = 1000
MAX_REPLY_BYTES = 1024 * 1024
"""Unread replies above this size are dropped: a replica's owner may never read replies."""

MAX_SEQUENCE_BYTES = 8192

_FEATURES: Final = (4, 22)
_PROGRESS: Final = ("none", "running", "error", "indeterminate", "paused")
_AGENT_STATE_OSC = b"7501;"
_AGENT_STATE_QUERY = b"7501;?"


def clean_text(data: bytes, limit: int) -> str:
    """Decode UTF-8 text and clean it like ``protocol.untrusted_text.plain``."""
    return plain(data.decode("utf-8", "replace"), limit)


class Effects:
    """One terminal's replies and events, until they are taken.

    Attributes:
        size: the host's grid, for size queries.
        cell: the host's cell, for size queries.
        colors: the default colours, for the colour-scheme query.
        title: the last reported title. Part of a snapshot.
        version: the answer to XTVERSION.
        version_memory: the answer's bytes, for the library.
        muted: whether replies are dropped, while the host does things that the program did not request.
        notifications: notifications by OSC 99; a snapshot has the incomplete ones.
    """

    def __init__(self, size: GridSize, cell: CellSize, colors: DefaultColors) -> None:
        self.size = size
        self.cell = cell
        self.colors = colors
        self.title = ""
        self.version = f"Outlive {VERSION}"
        self.version_memory: Any = None
        self.muted = False
        self.notifications = KittyNotifications()
        self.replies: list[bytes] = []
        self._reply_bytes = 0
        self._events: deque[TerminalEvent] = deque(maxlen=MAX_EVENTS)

    def reply(self, data: bytes) -> None:
        """Add a reply to the program."""
        if not self.muted and self._reply_bytes + len(data) <= MAX_REPLY_BYTES:
            self._reply_bytes += len(data)
            self.replies.append(data)

    def take_replies(self) -> bytes:
        """Replies to the program since the last call."""
        if not self.replies:
            return b""
        data = b"".join(self.replies)
        self.replies.clear()
        self._reply_bytes = 0
        return data

    def event(self, event: TerminalEvent) -> None:
        """Add an event; drop the oldest if there are too many."""
        self._events.append(event)

    def take_events(self) -> list[TerminalEvent]:
        """Events since the last call."""
        events = list(self._events)
        self._events.clear()
        return events

    def set_title(self, data: bytes) -> None:
        """The program set the title."""
        title = clean_text(data, MAX_TITLE_CHARACTERS)
        if title != self.title:
            self.title = title
            self.event(TitleChanged(title))

    def handle_unknown(self, content: bytes, truncated: bool) -> None:
        """Handle an OSC that the library does not know."""
        if content.startswith(_AGENT_STATE_QUERY) and not truncated:
            self.reply(AGENT_STATE_REPLY)
        elif content.startswith(_AGENT_STATE_OSC) and not truncated:
            self.event(AgentState(clean_text(content[len(_AGENT_STATE_OSC) :], MAX_BODY_CHARACTERS)))

    def handle_command(self, number: bytes, content: bytes) -> None:
        """Handle an OSC that ``SequenceFinder`` found."""
        if number == SHELL_MARK:
            mark = mark_of(content.decode("ascii", "replace"))
            if mark is not None:
                self.event(mark)
        elif number == NOTIFICATION:
            notification, reply = self.notifications.receive(content.decode("utf-8", "replace"))
            if notification is not None:
                self.event(notification)
            if reply:
                self.reply(reply)
        elif number == CLIPBOARD and (event := clipboard_of(content.decode("ascii", "replace"))) is not None:
            self.event(event)


def install(terminal: Any, effects: Effects) -> Any:
    """Connect a terminal to its Effects; returns a handle that must live as long as the terminal."""
    handle = ffi.new_handle(effects)
    set_option(terminal, "USERDATA", None, handle)
    for name, callback in _CALLBACKS.items():
        set_option(terminal, name, None, callback)
    set_option(terminal, "UNKNOWN_MAX_BYTES", "size_t", MAX_SEQUENCE_BYTES)
    return handle


def _ignore_error(_kind: object, _error: object, _trace: object) -> None:
    """Ignore an exception in a callback, so that its terminal continues; the report is lost.

    Exceptions cannot pass through C, and cffi would print them to standard error.
    """


def _callback(signature: str) -> Any:
    return ffi.callback(signature, onerror=_ignore_error)


@_callback("GhosttyTerminalWritePtyFn")
def _write_pty(_terminal: Any, userdata: Any, data: Any, length: int) -> None:
    ffi.from_handle(userdata).reply(bytes(ffi.buffer(data, length)))


@_callback("GhosttyTerminalBellFn")
def _bell(_terminal: Any, userdata: Any) -> None:
    ffi.from_handle(userdata).event(Bell())


@_callback("GhosttyTerminalTitleChangedFn")
def _title_changed(terminal: Any, userdata: Any) -> None:
    title = ffi.new("GhosttyString*")
    lib.ghostty_terminal_get(terminal, lib.GHOSTTY_TERMINAL_DATA_TITLE, title)
    ffi.from_handle(userdata).set_title(text_of(title))


@_callback("GhosttyTerminalDesktopNotificationFn")
def _desktop_notification(_terminal: Any, userdata: Any, notification: Any) -> None:
    title, body = (text_of(text).decode("utf-8", "replace") for text in (notification.title, notification.body))
    ffi.from_handle(userdata).event(Notification(cleaned_title(title), cleaned_body(body)))


@_callback("GhosttyTerminalProgressReportFn")
def _progress_report(_terminal: Any, userdata: Any, report: Any) -> None:
    percent = report.progress
    ffi.from_handle(userdata).event(Progress(_PROGRESS[report.state], percent if percent >= 0 else None))


@_callback("GhosttyTerminalUnknownSequenceFn")
def _unknown_sequence(_terminal: Any, userdata: Any, sequence: Any) -> None:
    if sequence.tag == lib.GHOSTTY_TERMINAL_UNKNOWN_SEQUENCE_OSC:
        osc = sequence.value.osc
        ffi.from_handle(userdata).handle_unknown(text_of(osc.content), bool(osc.truncated))


@_callback("GhosttyTerminalClipboardWriteFn")
def _clipboard_write(_terminal: Any, userdata: Any, write: Any) -> None:
    for index in range(write.contents_len):
        content = write.contents[index]
        if text_of(content.mime).startswith(b"text/plain"):
            targets = "p" if write.location == lib.GHOSTTY_CLIPBOARD_LOCATION_PRIMARY else "c"
            if (event := clipboard_set(text_of(content.data), targets)) is not None:
                ffi.from_handle(userdata).event(event)
            break
    if write.reply != ffi.NULL:
        answer = ffi.new("GhosttyClipboardWriteReply*")
        answer.size = ffi.sizeof("GhosttyClipboardWriteReply")
        answer.result = lib.GHOSTTY_CLIPBOARD_WRITE_RESULT_SUCCESS
        write.reply(write, answer)


@_callback("GhosttyTerminalColorSchemeFn")
def _color_scheme(_terminal: Any, userdata: Any, scheme: Any) -> bool:
    dark = ffi.from_handle(userdata).colors.dark
    scheme[0] = lib.GHOSTTY_COLOR_SCHEME_DARK if dark else lib.GHOSTTY_COLOR_SCHEME_LIGHT
    return True


@_callback("GhosttyTerminalSizeFn")
def _size(_terminal: Any, userdata: Any, size: Any) -> bool:
    effects = ffi.from_handle(userdata)
    size.columns, size.rows = effects.size.columns, effects.size.rows
    size.cell_width, size.cell_height = effects.cell.width_px, effects.cell.height_px
    return True


@_callback("GhosttyTerminalXtversionFn")
def _xtversion(_terminal: Any, userdata: Any) -> Any:
    effects = ffi.from_handle(userdata)
    # The library reads the reply after this function has returned, so its memory is kept.
    text = effects.version.encode()
    effects.version_memory = memory = ffi.new("uint8_t[]", text)
    return ffi.new("GhosttyString*", {"ptr": memory, "len": len(text)})[0]


@_callback("GhosttyTerminalDeviceAttributesFn")
def _device_attributes(_terminal: Any, _userdata: Any, attributes: Any) -> bool:
    """DA1: a VT220 with sixel and colour. DA2 and DA3: as the library's own."""
    primary, secondary = attributes.primary, attributes.secondary
    primary.conformance_level = 62
    primary.features[0:2] = _FEATURES
    primary.num_features = len(_FEATURES)
    secondary.device_type, secondary.firmware_version, secondary.rom_cartridge = 1, 0, 0
    attributes.tertiary.unit_id = 0
    return True


_CALLBACKS: Final[dict[str, Any]] = {
    "WRITE_PTY": _write_pty,
    "BELL": _bell,
    "TITLE_CHANGED": _title_changed,
    "DESKTOP_NOTIFICATION": _desktop_notification,
    "PROGRESS_REPORT": _progress_report,
    "UNKNOWN_SEQUENCE": _unknown_sequence,
    "CLIPBOARD_WRITE": _clipboard_write,
    "COLOR_SCHEME": _color_scheme,
    "SIZE": _size,
    "XTVERSION": _xtversion,
    "DEVICE_ATTRIBUTES": _device_attributes,
}
