"""Send every common terminal query and save the exact replies.

``query_sender.py FILE [--gate FIFO] [--quiet-ms 300] [--deadline-s 20]``

In raw mode, it sends one query after another. Each is followed by a *fence*: a device status report (``CSI 5 n``; for
the status report itself, a cursor position report). When the fence is answered, the query's own answer, if any, has
come. Then it reads until nothing has come for ``--quiet-ms``, to detect doubled or late answers. With a gate it waits
there before the first query, and again before it exits (and saves the input in between), so that a test can attach and
detach viewers around it.

FILE (JSON, renamed into place when complete) contains::

    {"replies": {NAME: TEXT, …},     input between the query and its fence's answer
     "stray": TEXT,                  input outside of any query
     "received": TEXT}               every byte of the input, in order

Texts are Latin-1, one character for each byte. The screen shows ``asking``, then ``asked N``, and ``done``.

Exit status: 0; 1 if a fence was not answered before the deadline; 3 if the gate is removed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import select
import sys
import time
import tty
from pathlib import Path

QUERIES: dict[str, str] = {
    "DA1": "\x1b[c",
    "DA2": "\x1b[>c",
    "DA3": "\x1b[=c",
    "DSR": "\x1b[5n",
    "CPR": "\x1b[6n",
    "DECXCPR": "\x1b[?6n",
    "XTVERSION": "\x1b[>0q",
    "kitty_keyboard": "\x1b[?u",
    "color_scheme": "\x1b[?996n",
    "window_pixels": "\x1b[14t",
    "cell_pixels": "\x1b[16t",
    "grid_size": "\x1b[18t",
    **{f"DECRQM_{mode}": f"\x1b[?{mode}$p" for mode in (1, 7, 25, 1000, 1004, 1006, 1049, 2004, 2026, 2027, 2031)},
    "DECRQM_ansi_4": "\x1b[4$p",
    "OSC_4": "\x1b]4;1;?\x1b\\",
    "OSC_10": "\x1b]10;?\x1b\\",
    "OSC_11": "\x1b]11;?\x1b\\",
    "OSC_12": "\x1b]12;?\x1b\\",
    "OSC_11_bel": "\x1b]11;?\x07",
    "DECRQSS_sgr": "\x1bP$qm\x1b\\",
    "DECRQSS_cursor": "\x1bP$q q\x1b\\",
    "DECRQSS_margins": "\x1bP$qr\x1b\\",
    "XTGETTCAP_TN": "\x1bP+q544e\x1b\\",
    "XTGETTCAP_RGB": "\x1bP+q524742\x1b\\",
}

STATUS = ("\x1b[5n", re.compile(rb"\x1b\[0n"))
POSITION = ("\x1b[6n", re.compile(rb"\x1b\[\d+;\d+R"))


class Input:
    """The terminal's input: all of it, and the unread rest."""

    def __init__(self, deadline: float) -> None:
        self.received = b""
        self.pending = b""
        self.deadline = deadline

    def read(self, timeout_s: float) -> bool:
        """Read the input that comes within the time; returns False if there is none."""
        ready, _, _ = select.select([0], [], [], max(0.0, timeout_s))
        data = os.read(0, 65536) if ready else b""
        self.received += data
        self.pending += data
        return bool(data)

    def until(self, pattern: re.Pattern[bytes]) -> bytes:
        """Take the input up to the pattern, and return the part before it; if the pattern does not come, exit."""
        while not (found := pattern.search(self.pending)):
            if not self.read(self.deadline - time.monotonic()):
                os.write(1, b"a fence was not answered\r\n")
                sys.exit(1)
        before, self.pending = self.pending[: found.start()], self.pending[found.end() :]
        return before

    def take(self) -> bytes:
        """Take all unread input."""
        unread, self.pending = self.pending, b""
        return unread


def main() -> None:
    """Send the queries, read the replies, and save them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--gate")
    parser.add_argument("--quiet-ms", type=float, default=300.0)
    parser.add_argument("--deadline-s", type=float, default=20.0)
    options = parser.parse_args()
    tty.setraw(0)
    os.write(1, b"asking\r\n")
    gate = os.open(options.gate, os.O_RDONLY) if options.gate else -1
    if gate >= 0 and not os.read(gate, 1):
        sys.exit(3)
    source = Input(time.monotonic() + options.deadline_s)
    while source.read(0.0):
        pass
    stray = source.take()
    replies: dict[str, str] = {}
    for name, query in QUERIES.items():
        fence, answer = POSITION if name == "DSR" else STATUS
        os.write(1, (query + fence).encode())
        replies[name] = source.until(answer).decode("latin-1")
        stray += source.take()
    os.write(1, f"\r\nasked {len(QUERIES)}\r\n".encode())
    if gate >= 0 and not os.read(gate, 1):
        sys.exit(3)
    while source.read(options.quiet_ms / 1000):
        pass
    stray += source.take()
    record = {"replies": replies, "stray": stray.decode("latin-1"), "received": source.received.decode("latin-1")}
    part = Path(f"{options.file}.part")
    part.write_text(json.dumps(record, indent=1), encoding="utf-8")
    part.rename(options.file)
    os.write(1, b"done\r\n")


if __name__ == "__main__":
    main()
