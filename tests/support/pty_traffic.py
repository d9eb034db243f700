"""Compares the bytes that a program received on its terminal with the typed input and the program's queries."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from tests.support.commands import REPOSITORY

_OSC_END = rb"(?:\x07|\x1b\\)"
_NOTIFICATION_QUERY = rb"\x1b\]99;[^;\x07\x1b]*p=\?[^\x07\x1b]*" + _OSC_END
"""The query of kitty's notification protocol; the reply has the same form."""
_QUERIES: tuple[tuple[str, bytes, bytes], ...] = (
    # Name, query, reply. A group in both patterns identifies the query that a reply belongs to.
    ("DA1", rb"\x1b\[0?c", rb"\x1b\[\?[\d;]+c"),
    ("DA2", rb"\x1b\[>0?c", rb"\x1b\[>[\d;]+c"),
    ("DA3", rb"\x1b\[=0?c", rb"\x1bP!\|[0-9A-F]*\x1b\\"),
    ("XTVERSION", rb"\x1b\[>0?q", rb"\x1bP>\|[^\x1b]*\x1b\\"),
    ("DSR", rb"\x1b\[5n", rb"\x1b\[0n"),
    ("CPR", rb"\x1b\[6n", rb"\x1b\[\d+;\d+R"),
    ("DECXCPR", rb"\x1b\[\?6n", rb"\x1b\[\?\d+;\d+(?:;\d+)?R"),
    ("DECRQM", rb"\x1b\[(\??\d+)\$p", rb"\x1b\[(\??\d+);\d\$y"),
    ("kitty keyboard", rb"\x1b\[\?u", rb"\x1b\[\?\d+u"),
    ("colour scheme", rb"\x1b\[\?996n", rb"\x1b\[\?997;[12]n"),
    ("size in pixels", rb"\x1b\[14t", rb"\x1b\[4;\d+;\d+t"),
    ("cell size", rb"\x1b\[16t", rb"\x1b\[6;\d+;\d+t"),
    ("size", rb"\x1b\[18t", rb"\x1b\[8;\d+;\d+t"),
    ("colour", rb"\x1b\](1[0-9]);\?" + _OSC_END, rb"\x1b\](1[0-9]);rgb:[0-9a-f/]+" + _OSC_END),
    ("palette", rb"(?<=;)(\d+);\?(?=[;\x07\x1b])", rb"\x1b\]4;(\d+);rgb:[0-9a-f/]+" + _OSC_END),
    ("program status", rb"\x1b\]7501;\?[^\x07\x1b]*" + _OSC_END, rb"\x1b\]7501;\?" + _OSC_END),
    ("XTGETTCAP", rb"\x1bP\+q[0-9A-Fa-f;]*\x1b\\", rb"\x1bP[01]\+r[^\x1b]*\x1b\\"),
    ("DECRQSS", rb"\x1bP\$q[^\x1b]*\x1b\\", rb"\x1bP[01]\$r[^\x1b]*\x1b\\"),
    ("notifications", _NOTIFICATION_QUERY, _NOTIFICATION_QUERY),
    ("kitty graphics", rb"\x1b_G[^\x1b]*a=q[^\x1b]*\x1b\\", rb"\x1b_G[^\x1b]*\x1b\\"),
)
_FOCUS = re.compile(rb"\x1b\[[IO]")


class Traffic(NamedTuple):
    """The bytes that passed a recorder.

    Attributes:
        given: the bytes that the program could read.
        written: the bytes that it wrote.
    """

    given: bytes
    written: bytes

    def replies(self) -> Counter[str]:
        """The number of replies of each kind beyond one for each query; empty if all is well."""
        more: Counter[str] = Counter()
        for name, query, reply in _QUERIES:
            queries = Counter(_which(match) for match in re.finditer(query, self.written))
            answered = Counter(_which(match) for match in re.finditer(reply, self.given))
            for which, count in (answered - queries).items():
                more[f"{name} {which}".strip()] = count
        return more

    def typed(self) -> bytes:
        """The received bytes without replies and focus reports: the typed input."""
        rest = self.given
        for _, _, reply in _QUERIES:
            rest = re.sub(reply, b"", rest)
        return _FOCUS.sub(b"", rest)


def _which(match: re.Match[bytes]) -> str:
    return match[1].decode() if match.re.groups else ""


def read_traffic(log: Path) -> Traffic:
    """Read the recorder's log."""
    parts: dict[str, list[bytes]] = {"program": [], "terminal": []}
    for line in log.read_text(encoding="ascii").splitlines():
        entry = json.loads(line)
        parts[entry["to"]].append(bytes.fromhex(entry["data"]))
    return Traffic(b"".join(parts["program"]), b"".join(parts["terminal"]))


def put_recorder_before(program: Path, name: str, directory: Path, log: Path) -> None:
    """Make a command ``name`` in ``directory`` that runs the program with a recorder between it and its terminal."""
    directory.mkdir(parents=True, exist_ok=True)
    recorder = REPOSITORY / "tests" / "programs" / "pty_recorder.py"
    command = directory / name
    words = shlex.join([sys.executable, "-IS", str(recorder), str(log), str(program)])
    command.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
    command.chmod(0o755)
