"""An agent on a terminal with an input line that takes pastes: ``listening_agent.py FILE``.

It shows what is typed behind ``❯``, and reports its activity by OSC 7501. Enter begins a turn, and appends the line to
FILE, as one line of JSON. Some lines are orders:

    ask      ask something; the next key is the answer
    deaf     drop all input until the next Escape, as an agent's menu does
    late     show the next input after LATE_S only, as on a busy machine
"""

from __future__ import annotations

import codecs
import json
import os
import re
import sys
import time
import tty
from pathlib import Path

TURN_S, LATE_S = 0.1, 3.0
_START, _END = "\x1b[200~", "\x1b[201~"
_PART = re.compile("\x1b(\\[(2(0[01]?)?)?)?")
"""The beginning of one of them."""


def write(text: str) -> None:
    """Write to the terminal."""
    os.write(1, text.encode())


def report(state: str) -> None:
    """Report the activity."""
    write(f"\x1b]7501;state={state}:app=x\x1b\\")


class Agent:
    """The agent, with its input line."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.line = ""
        self.is_pasting = self.asks = self.is_deaf = self.is_late = False

    def receive(self, keys: str) -> str:
        """Handle what was typed; returns the rest, which is the beginning of a mark."""
        if self.is_late:
            self.is_late = False
            time.sleep(LATE_S)
        while keys:
            if keys.startswith((_START, _END)):
                self.is_pasting, keys = keys.startswith(_START), keys[len(_START) :]
                continue
            if (self.is_pasting or len(keys) > 1) and _PART.fullmatch(keys):
                return keys
            self.press(keys[0])
            keys = keys[1:]
        return ""

    def press(self, key: str) -> None:
        """Handle one key."""
        if self.is_deaf:
            self.is_deaf = key != "\x1b"
        elif self.asks:
            self.asks = False
            write(f"answered {key}\r\n❯ ")
            report("done")
        elif key == "\r" and not self.is_pasting:
            line, self.line = self.line, ""
            self.take(line)
        else:
            self.line += "\n" if key == "\r" else key
            write("\r\n" if key == "\r" else key)

    def take(self, line: str) -> None:
        """Run a turn."""
        write("\r\n")
        report("working")
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        time.sleep(TURN_S)
        self.is_deaf, self.asks, self.is_late = line == "deaf", line == "ask", line == "late"
        if self.asks:
            report("blocked")
            write("Allow? ")
        else:
            write("did it\r\n❯ ")
            report("done")


def main() -> None:
    """Handle keys until the end of the input."""
    tty.setraw(0)
    agent = Agent(Path(sys.argv[1]))
    report("idle")
    write("\x1b[?2004h\x1b]2;listening\x07ready\r\n❯ ")
    decoder, rest = codecs.getincrementaldecoder("utf-8")(), ""
    while data := os.read(0, 65536):
        rest = agent.receive(rest + decoder.decode(data))


if __name__ == "__main__":
    main()
