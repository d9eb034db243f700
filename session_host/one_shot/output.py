"""A command's output as JSON lines for the dialect. Pure."""

from __future__ import annotations

import codecs
import re
from typing import Final, Protocol

import msgspec

from session_host.protocol.untrusted_text import without_escapes
from session_host.structured.lines import LineSplitter

_UNFINISHED: Final = re.compile(r"(?:\x1b[()#]?|\x1b\[[0-9;:?]{0,32}[ -/]{0,2}|\x1b\][^\x07\x1b]{0,4096}\x1b?|\r)\Z")
"""The beginning of an escape sequence, or of a line's end, that the next piece may finish."""


class Output(Protocol):
    """Turns the output of one run into lines for the dialect."""

    def feed(self, data: bytes) -> bytes:
        """The lines for a piece of output."""

    def finish(self) -> bytes:
        """The lines for the remaining output, at its end."""


class JsonLines:
    """Passes JSON lines on unchanged; makes texts of other lines."""

    def __init__(self) -> None:
        self._splitter = LineSplitter()

    def feed(self, data: bytes) -> bytes:
        """See ``Output``."""
        return b"".join(self._line(each.data, each.dropped) for each in self._splitter.feed(data))

    def finish(self) -> bytes:
        """See ``Output``."""
        return b"".join(self._line(each.data, each.dropped) for each in self._splitter.finish())

    @staticmethod
    def _line(line: bytes, dropped: int) -> bytes:
        if not dropped and line.lstrip().startswith(b"{"):
            try:
                msgspec.json.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                pass
            else:
                return b'{"type":"line","data":' + line + b"}\n"
        text = line.decode(errors="replace")
        return text_line(f"{text}… ({dropped:,} bytes)\n" if dropped else f"{text}\n")


class PlainText:
    """Passes text on as it comes, without escape sequences."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def feed(self, data: bytes) -> bytes:
        """See ``Output``."""
        return self._pass_on(self._rest + self._decoder.decode(data))

    def finish(self) -> bytes:
        """See ``Output``."""
        text = self._rest + self._decoder.decode(b"", final=True)
        self._rest = ""
        return text_line(without_escapes(text))

    def _pass_on(self, text: str) -> bytes:
        found = _UNFINISHED.search(text)
        end = found.start() if found else len(text)
        self._rest = text[end:]
        return text_line(without_escapes(text[:end]))


def text_line(text: str) -> bytes:
    """One line of ours for a text; b"" for none."""
    return encode({"type": "text", "data": text}) if text else b""


def encode(message: dict[str, object]) -> bytes:
    """A message as a line."""
    return msgspec.json.encode(message) + b"\n"
