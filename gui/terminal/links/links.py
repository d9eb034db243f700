"""Links in a program's output: finds them, decides which may be opened, and formats them. Pure.

Two kinds are found in text: web and mail addresses, and file names with or without a line and a column, as compilers,
grep and tracebacks write them. The ends follow the common rules of VTE, kitty and VS Code: an address ends before
the punctuation of the sentence, and before a bracket or quote that was opened outside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from session_host.protocol.untrusted_text import WEB_SCHEMES, scheme_of
from session_host.protocol.values import FileLocation
from session_host.terminal.base import Emulator
from session_host.terminal.rows import Row

ALLOWED_SCHEMES = WEB_SCHEMES | {"file"}
_LONGEST_SHOWN = 300
_SCHEME = re.compile("[A-Za-z][A-Za-z0-9+.-]*:")
"""RFC 3986, 3.1; no other character may come before it."""
_FILE_AND_LINE = re.compile(r"[^/:?#]+(?::\d{1,8}){1,2}(?:-\d{1,8})?")
"""``a.py:12``: of the addresses without a slash, the ones that name a file, although RFC 3986 reads a scheme."""

_NEVER = r"\s<>\"`{}|\\^\u2190-\u25ff\u3000-\u303f\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
"""Characters that no link has: the ASCII ones by RFC 3986; others, such as arrows and frames, often surround links."""

_ADDRESS = re.compile(rf"(?<![A-Za-z0-9])(?:https?://|file://|mailto:)[^{_NEVER}]+", re.IGNORECASE)
_QUOTED = re.compile(
    r"\"(?P<path>[^\"]{1,4000})\",? (?:on )?line (?P<line>\d{1,8})(?:, (?:column|characters?) (?P<column>\d{1,6}))?"
)
"""Python's and OCaml's form: a name in quotes with the line apart from it."""
_FILE = re.compile(
    rf"(?P<path>[^:()\[\],;'*?={_NEVER}]+)"
    r"(?::(?P<line>\d{1,8})(?::(?P<column>\d{1,6}))?"
    r"|\((?P<line_2>\d{1,8})(?:,\s?(?P<column_2>\d{1,6}))?\)"
    r"|:\[(?P<line_3>\d{1,8})[,:]\s?(?P<column_3>\d{1,6})\]"
    r"|(?::? |, )(?:on )?line (?P<line_4>\d{1,8})(?:,? col(?:umn)? (?P<column_4>\d{1,6}))?)?"
)
"""Most write ``a.c:3:5``; MSVC and tsc ``a.c(3,5)``; Maven ``A.java:[3,5]``; shells, PHP and Perl ``a.sh: line 3``."""
_ANCHOR = re.compile(r"#L(?P<line>\d{1,8})(?:C(?P<column>\d{1,6}))?(?:-L?\d+(?:C\d+)?)?$")
"""GitHub's form, ``a.c#L3``, which agents also use."""
_CLOSING = {")": "(", "]": "["}
_SENTENCE = ".,;:!?'*"
_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9_]{0,11}$")
_NUMBERS = tuple(tuple(f"{name}{end}" for end in ("", "_2", "_3", "_4")) for name in ("line", "column"))
LONGEST = 4096
"""The number of characters that are searched before the position, and after it."""


OpensBy = Literal["ctrl_click", "click", "never"]
"""Which click opens a link; with ``click``, one with Ctrl held opens it, too."""


class LinkRules(NamedTuple):
    """The user's settings for links.

    Attributes:
        opens_by: which click opens a link.
        files: whether names of files in the text are links.
    """

    opens_by: OpensBy = "ctrl_click"
    files: bool = True


class LinkMatch(NamedTuple):
    """A link in a text: its characters from ``first`` up to ``end``, and an address or a file."""

    first: int
    end: int
    uri: str = ""
    file: FileLocation | None = None


def link_in(text: str, index: int) -> LinkMatch | None:
    """The link that includes a character of a line; its file need not exist."""
    if not 0 <= index < len(text) or text[index].isspace():
        return None
    begin = max(index - LONGEST, 0)
    piece = text[begin : index + LONGEST]
    for found in _links(piece):
        if found.first <= index - begin < found.end:
            return found._replace(first=found.first + begin, end=found.end + begin)
    return None


def links_in(text: str) -> list[LinkMatch]:
    """The links in a line, from the left, without overlaps; the files need not exist."""
    found: list[LinkMatch] = []
    for link in _links(text):
        if all(link.end <= other.first or link.first >= other.end for other in found):
            found.append(link)
    return sorted(found, key=lambda link: link.first)


def addresses_in(text: str) -> Iterator[LinkMatch]:
    """The web and mail addresses in a text, from the left."""
    for match in _ADDRESS.finditer(text):
        before = text[match.start() - 1] if match.start() else ""
        uri = _without_surroundings(match.group(), before)
        if may_open(uri) and (urlsplit(uri).netloc or uri.lower().startswith("file:///") or "@" in uri):
            yield LinkMatch(match.start(), match.start() + len(uri), uri)


def _links(text: str) -> Iterator[LinkMatch]:
    """Links that may overlap, the most certain kind first."""
    yield from addresses_in(text)
    for match in _QUOTED.finditer(text):
        yield LinkMatch(match.start("path"), match.end(), file=_location(match["path"], match["line"], match["column"]))
    for match in _FILE.finditer(text):
        line, column = (next(filter(None, match.group(*names)), None) for names in _NUMBERS)
        path, end = match["path"], match.end()
        if not line:
            path = path.rstrip(_SENTENCE)
            end = match.start() + len(path)
            if anchor := _ANCHOR.search(path):
                path, line, column = path[: anchor.start()], anchor["line"], anchor["column"]
        if line or "/" in path or _SUFFIX.search(path):
            yield LinkMatch(match.start(), end, file=_location(path, line, column))


def _location(path: str, line: str | None, column: str | None) -> FileLocation:
    return FileLocation(path, int(line or 0), int(column or 0))


def _without_surroundings(uri: str, before: str) -> str:
    """An address without the quotes, brackets and punctuation of the text around it."""
    if before == "'":
        uri = uri.partition("'")[0]
    open_brackets: list[str] = []
    for number, character in enumerate(uri):
        if character in _CLOSING.values():
            open_brackets.append(character)
        elif character in _CLOSING and (not open_brackets or open_brackets.pop() != _CLOSING[character]):
            uri = uri[:number]
            break
    return uri.rstrip(_SENTENCE)


def may_open(uri: str) -> bool:
    """Whether the kind of link may be opened at all; for files, see ``window.actions.links``."""
    try:
        return scheme_of(uri) in ALLOWED_SCHEMES and bool(urlsplit(uri).scheme)
    except ValueError:
        return False


def has_no_scheme(uri: str) -> bool:
    """Whether an address is a file's path, absolute or relative, as in Markdown's links: ``docs/a.md``, ``a.py:12``."""
    if not uri or uri[0] in "?#" or not uri.isprintable():
        return False
    return _SCHEME.match(uri) is None or _FILE_AND_LINE.fullmatch(uri) is not None


def shown(uri: str) -> str:
    """The target as a tooltip shows it: shortened if it is long, without unprintable characters."""
    text = "".join(character if character.isprintable() else "�" for character in uri)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


_MESSAGE = re.compile(r"\s+(?P<line>\d{1,8}):(?P<column>\d{1,6})(?=\s{2,}\S|\s(?:error|warning)\b)")
"""A line of ESLint's report: ``  3:10  error  …``."""
_MATCH = re.compile(r"(?P<line>\d{1,8})(?::(?P<column>\d{1,6}))?(?=[:-])")
"""A line found by ripgrep, ag or git grep: ``3:…``, ``3:10:…``, and ``3-…`` around it."""
_GAP = "--"
_ROWS_AT_ONCE = 50
_MAX_ROWS = 300
"""The maximum number of rows that are searched for a line's heading."""


def listed_location(text: str) -> LinkMatch | None:
    """The location that a listed line begins with: line and column; the path is "" (see ``heading``)."""
    match = _MESSAGE.match(text) or _MATCH.match(text)
    if match is None:
        return None
    location = FileLocation("", int(match["line"]), int(match["column"] or 0))
    return LinkMatch(match.start("line"), match.end(), file=location)


def heading(texts: Iterable[str]) -> str:
    """The heading of a listed line, given the lines above it, the nearest first; "" for none."""
    for text in texts:
        if text != _GAP and listed_location(text) is None:
            return text if text and len(text) <= LONGEST and not text[0].isspace() else ""
    return ""


def heading_above(emulator: Emulator, row: int) -> str:
    """The heading of the listed line that begins in a row, counted from the oldest of the history; "" for none."""
    return heading(_texts_above(emulator, row))


def _texts_above(emulator: Emulator, row: int) -> Iterator[str]:
    """The lines above a row, with soft wraps joined."""
    parts: list[str] = []
    for above in _rows_above(emulator, row):
        if parts and not above.wrapped:
            yield "".join(reversed(parts))
            parts = []
        parts.append(above.text())
    if parts:
        yield "".join(reversed(parts))


def _rows_above(emulator: Emulator, row: int) -> Iterator[Row]:
    history, end = emulator.scrollback_rows, row
    while end > max(row - _MAX_ROWS, 0):
        first = history if end > history else max(end - _ROWS_AT_ONCE, 0)
        yield from reversed(emulator.rows()[: end - history] if end > history else emulator.history(first, end - first))
        end = first
