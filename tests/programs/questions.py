"""Ask numbered questions by OSC 7501, one after another.

``questions.py COUNT [--pause SECONDS] [--same] [--until FILE --told FILE]``

Asks ``question 0`` … and then writes ``done`` and waits for the end of its input. With ``--same`` it repeats the first
question. With ``--until`` it asks as often as it can until that file exists, whatever COUNT is, and then writes the
number of its questions into the other file.
"""

from __future__ import annotations

import argparse
import base64
import itertools
import sys
import time
from pathlib import Path


def ask(number: int) -> None:
    """Ask one question."""
    text = base64.b64encode(f"question {number}".encode()).decode()
    sys.stdout.write(f"\x1b]7501;state=blocked:msg={text}\x1b\\")
    sys.stdout.flush()


def main() -> None:
    """Ask the questions."""
    parser = argparse.ArgumentParser()
    parser.add_argument("count", type=int)
    parser.add_argument("--pause", type=float, default=0.1)
    parser.add_argument("--same", action="store_true")
    parser.add_argument("--until", type=Path)
    parser.add_argument("--told", type=Path)
    options = parser.parse_args()
    for number in itertools.count():
        if options.until.exists() if options.until is not None else number == options.count:
            break
        ask(0 if options.same else number)
        time.sleep(options.pause)
    if options.told is not None:
        options.told.write_text(str(number))
    print("done")
    sys.stdin.read()


if __name__ == "__main__":
    main()
