"""Finds the sequences in output that the library does not know, parses without a report, or answers in its own way.

``SequenceFinder`` finds strings: OSC 22, 52, 99, 133 and 1337, APC G, DCS q, and the queries DECRQSS (DCS $ q) and
XTGETTCAP (DCS + q). None of this depends on how the output is split. Some are kept from the library: the content of an
image (OSC 1337, APC G and DCS q, which is sixel), of which the library would only store megabytes that it then ignores;
OSC 52, of which it knows one target; and the queries, from their "q" on, without which the library cannot answer.

``find_own`` finds control sequences that the library does not know, and RIS, which resets what they have set.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from session_host.terminal.images.sixel import MAX_SIXEL_BYTES
from session_host.terminal.images.transmission import MAX_IMAGE_BYTES
from session_host.terminal.osc import MAX_CLIPBOARD_BYTES, MAX_CONTENT_BYTES
from session_host.terminal.prompts import MAX_MARK_BYTES
from session_host.terminal.queries import MAX_REQUEST_BYTES

MAX_NOTIFICATION_BYTES: Final = 8192
MAX_IMAGE_COMMAND_BYTES: Final = 1024 * 1024
MAX_INLINE_FILE_BYTES: Final = MAX_IMAGE_BYTES * 3 // 2
"""A file of MAX_IMAGE_BYTES in base64, in lines, with its arguments."""

POINTER: Final = b"22"
NOTIFICATION: Final = b"99"
SHELL_MARK: Final = b"133"
CLIPBOARD: Final = b"52"
INLINE_FILE: Final = b"1337"
IMAGE: Final = b"G"
SIXEL: Final = b"q"
SETTING_QUERY: Final = b"$q"
CAPABILITY_QUERY: Final = b"+q"
NOTHING: Final = b""
QUERIES: Final = frozenset((SETTING_QUERY, CAPABILITY_QUERY))
KEPT: Final = frozenset((CLIPBOARD, INLINE_FILE, IMAGE, SIXEL, *QUERIES))
"""The kinds that are kept from the library."""

_LIMITS: Final = {
    POINTER: MAX_CONTENT_BYTES,
    NOTIFICATION: MAX_NOTIFICATION_BYTES,
    SHELL_MARK: MAX_MARK_BYTES,
    CLIPBOARD: MAX_CLIPBOARD_BYTES,
    INLINE_FILE: MAX_INLINE_FILE_BYTES,
    IMAGE: MAX_IMAGE_COMMAND_BYTES,
    SIXEL: MAX_SIXEL_BYTES,
    SETTING_QUERY: MAX_REQUEST_BYTES,
    CAPABILITY_QUERY: MAX_REQUEST_BYTES,
}
_START: Final = re.compile(rb"\x1b(?:\](?:(22|52|99|133);|(1337);(?=[FM]))|_(G)|P[0-9;]{0,32}([$+]?q))")
"""Of OSC 1337 only what may be a File, MultipartFile, FilePart or FileEnd: the library knows other ones."""

_PARTIAL_START: Final = re.compile(rb"\x1b(?:\](?:22?|52?|99?|13{0,2}|1337;?)?|_|P[0-9;]{0,32}[$+]?)?\Z")
_MAX_PARTIAL_START: Final = len(b"\x1bP$") + 32
_has_kept: Final = re.compile(rb"\x1b(?:_|P[0-9;]*[$+]?(?:q|\Z))").search
_MAY_BEGIN: Final = b"\x1b"
_END_OF_OSC: Final = re.compile(rb"[\x07\x1b\x18\x1a]")
_END_OF_DCS: Final = re.compile(rb"[\x1b\x18\x1a]")
_END_OF_APC: Final = re.compile(rb"\x1b(?s:.)|[\x18\x1a]")
_ENDS: Final = {CLIPBOARD: _END_OF_OSC, INLINE_FILE: _END_OF_OSC, IMAGE: _END_OF_APC}
_CANCELS: Final = (b"\x18", b"\x1a")
_DCS: Final = b"\x1bP"
_ST: Final = b"\x1b\\"
_ARGUMENTS_BYTES: Final = 1024
"""How much of the content is kept of a sequence that is too long."""

_DISCARD: Final = b"\x1b]9999999;"
"""Begins an OSC that does nothing, whatever follows."""


class Sequence(NamedTuple):
    """A complete sequence: where it begins and ends in the output, its kind and its content.

    A sequence that is kept from the library and ends by ESC ends before it: the rest of ST, or another sequence, is
    read with its ESC. The kind is NOTHING for one that is not valid. The content of SIXEL begins with its parameters.
    """

    begin: int
    end: int
    kind: bytes
    content: bytes
    is_too_long: bool = False


class SequenceFinder:
    """Finds the sequences in one terminal's output.

    Attributes:
        is_too_long: whether a sequence is open that is kept from the library and is over its limit; part of a snapshot.
    """

    def __init__(self) -> None:
        self._partial = b""
        """The end of the output so far, if it may begin a sequence, or an incomplete short one; the library has it."""
        self._kept = b""
        """The last byte of the output, which was kept from the library: an ESC that may end an APC."""
        self._open_kind = b""
        """The kind of the open sequence that is kept from the library; b"" for none."""
        self._pieces: list[bytes] = []
        """The beginning of that sequence, and its content so far."""
        self._size = 0
        self.is_too_long = False

    @property
    def unfinished(self) -> bytes:
        """The incomplete sequence; part of a snapshot."""
        return b"".join(self._pieces) + self._kept if self._open_kind else self._partial

    def restore(self, unfinished: bytes, *, is_too_long: bool) -> None:
        """Set the state from ``unfinished`` and ``is_too_long``."""
        found = _START.match(unfinished)
        kind = _kind_of(found) if found else b""
        if found is None or kind not in KEPT:
            self._partial = unfinished
            return
        self._kept = _kept_end(kind, unfinished)
        self._open(kind, unfinished[: found.end()])
        self._collect(unfinished[found.end() : len(unfinished) - len(self._kept)])
        if is_too_long:
            self.is_too_long, self._size = True, _LIMITS[kind] + 1

    def replayed(self) -> bytes:
        """The bytes that continue the open kept sequence in another terminal; b"" if none is open."""
        return b"" if not self._open_kind else _DISCARD if self.is_too_long else self.unfinished

    def may_find(self, data: bytes) -> bool:
        """Whether ``find`` must see this output."""
        return bool(
            self._partial
            or self._open_kind
            or b"]" in data
            or data.endswith(_MAY_BEGIN)
            or (b"\x1b" in data and (b"_" in data or b"P" in data) and _has_kept(data))
        )

    def find(self, data: bytes) -> tuple[bytes, list[Sequence], int]:
        """Find the sequences that this output completes.

        ESC begins a sequence in every state of the parser, so searching for the bytes is exact. Each ESC ends an OSC
        and a DCS, but only a complete ST makes an APC valid.

        Returns:
            The output, which may begin with a byte that was kept back before; the sequences in it; and how many of its
            bytes the library should read.
        """
        data, self._kept = self._kept + data, b""
        found: list[Sequence] = []
        at = 0
        if self._open_kind:
            end = self._continue(data, 0, 0, found)
            if end is None:
                return data, found, 0
            at = end
        before = len(self._partial)
        whole, self._partial = self._partial + data, b""
        start = _START.search(whole, at)
        while start:
            kind, content = _kind_of(start), start.end()
            if kind in KEPT:
                self._open(kind, start[0])
                end = self._continue(whole, max(start.start() - before, 0), content, found, before)
                if end is None:
                    return data, found, max(content - before - (kind in QUERIES), 0)
                at = end
            else:
                limit = content + _LIMITS[kind]
                ended = _END_OF_OSC.search(whole, content, limit)
                if ended is None and len(whole) < limit:
                    self._partial = whole[start.start() :]
                    return data, found, len(data)
                if ended and ended[0] not in _CANCELS:
                    # The library acts on either byte; what is left of ST does nothing.
                    stop = ended.end() - before
                    found.append(Sequence(stop, stop, kind, whole[content : ended.start()]))
                at = content
            start = _START.search(whole, at)
        if begun := _PARTIAL_START.search(whole, max(at, len(whole) - _MAX_PARTIAL_START)):
            self._partial = begun[0]
        return data, found, len(data)

    def _open(self, kind: bytes, begin: bytes) -> None:
        self._open_kind, self._pieces, self._size, self.is_too_long = kind, [begin], 0, False

    def _collect(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > _LIMITS[self._open_kind]:
            if not self.is_too_long:
                self._pieces[1:] = [b"".join([*self._pieces[1:], piece])[:_ARGUMENTS_BYTES]]
            self.is_too_long = True
        elif piece:
            self._pieces.append(piece)

    def _continue(self, data: bytes, begin: int, content: int, found: list[Sequence], before: int = 0) -> int | None:
        """Read the open kept sequence's content from a position on; returns where it ends, None if it goes on.

        Args:
            data: the output, after ``before`` bytes that the library has.
            begin: where the sequence begins in the output.
            content: where its content goes on.
            found: gets the sequence if it is complete.
            before: see ``data``.
        """
        kind = self._open_kind
        end = _ENDS.get(kind, _END_OF_DCS).search(data, content)
        if end is None:
            self._kept = _kept_end(kind, data[content:])
            self._collect(data[content : len(data) - len(self._kept)])
            return None
        self._collect(data[content : end.start()])
        is_valid = end[0] not in _CANCELS and (kind != IMAGE or (end[0] == _ST and not self.is_too_long))
        stop = end.start() + (end[0] == b"\a") - before
        if kind == SIXEL:
            self._pieces.insert(1, self._pieces[0][len(_DCS) :])
        kept = b"".join(self._pieces[1:])
        found.append(Sequence(begin, stop, kind if is_valid else NOTHING, kept, self.is_too_long))
        self._open_kind, self._pieces, self.is_too_long = b"", [], False
        return end.start()


def _kind_of(start: re.Match[bytes]) -> bytes:
    return start[start.lastindex or 0]


def _kept_end(kind: bytes, content: bytes) -> bytes:
    """The last byte of content that may end an APC."""
    return content[-1:] if kind == IMAGE and content.endswith(b"\x1b") else b""


_OWN: Final = re.compile(
    rb"\x1b(?:(?P<reset>c)|\[(?:(?P<soft_reset>!p)|(?P<keys>>(?:4(?:;[0-9]*)?)?m|>4n)|\?(?P<keys_query>4)(?:;[0-9]*)?m"
    rb"|(?P<kitty>[>=<][0-9;]*u)|(?P<title>2[23])(?:;[02]?(?:;[0-9]*)?)?t|\?(?P<graphics>[12];[1-4])(?:;[0-9;]*)?S"
    rb"|(?P<position>\?6n)))"
)
"""RIS, DECSTR, XTMODKEYS for modifyOtherKeys and its query, kitty's keyboard protocol, XTWINOPS for the stack of
titles, XTSMGRAPHICS, DECXCPR."""

_continues: Final = re.compile(rb"[0-9;\[!>=<?]*[mnpctuS]").match
_has_title_operation: Final = re.compile(rb"\x1b\[2[23](?:;[0-9;]*)?t").search
_has_graphics_query: Final = re.compile(rb"\x1b\[\?[12];[1-4][0-9;]*S").search
_has_private_query: Final = re.compile(rb"\?(?<=\x1b\[\?)[0-9;]+[nm]").search


class OwnSequence(NamedTuple):
    """A sequence: where it ends in the output, its kind (a group of ``_OWN``), and the part of it that matters."""

    end: int
    kind: str
    value: bytes


def may_begin_own(data: bytes) -> bool:
    """Whether ``find_own`` may find a sequence other than RIS that begins in this output."""
    return bool(
        b"\x1b[>" in data
        or (b"u" in data and (b"\x1b[=" in data or b"\x1b[<" in data))
        or b"\x1b[!p" in data
        or (b"t" in data and _has_title_operation(data))
        or (b"?" in data and ((b"S" in data and _has_graphics_query(data)) or _has_private_query(data)))
    )


def find_own(data: bytes, start: int = 0) -> list[OwnSequence]:
    """The sequences in output from a position on."""
    return [OwnSequence(one.end(), one.lastgroup or "", one[one.lastgroup or 0]) for one in _OWN.finditer(data, start)]


def length_of_rest(data: bytes) -> int:
    """How many bytes of this output may complete a sequence that the output before has begun; 0 if none do."""
    rest = _continues(data)
    return rest.end() if rest else 0
