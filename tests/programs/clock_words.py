"""Write words that are times, and save them to a file.

``clock_words.py COUNT PAUSE_MS RESULT --gate FIFO``

Writes some empty lines and waits at the gate. Then writes COUNT words to the terminal, each after a pause. A word is
the time just before its write: CLOCK_MONOTONIC in nanoseconds. Saves all words to RESULT (renamed into place when
complete), and waits at the gate once more.

Exit status: 3 if the gate is removed.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

EMPTY_LINES = 8
"""Keeps the words away from the window's edge."""


def main() -> None:
    """Wait, write the words, save them, wait."""
    parser = argparse.ArgumentParser()
    parser.add_argument("count", type=int)
    parser.add_argument("pause_ms", type=float)
    parser.add_argument("result", type=Path)
    parser.add_argument("--gate", required=True)
    options = parser.parse_args()
    words = []
    os.write(1, b"\n" * EMPTY_LINES)
    with Path(options.gate).open("rb", buffering=0) as gate:
        if not gate.read(1):
            sys.exit(3)
        for _ in range(options.count):
            time.sleep(options.pause_ms / 1000)
            word = f"{time.monotonic_ns()} "
            os.write(1, word.encode())
            words.append(word)
        new = options.result.with_suffix(".new")
        new.write_text("".join(words))
        new.replace(options.result)
        if not gate.read(1):
            sys.exit(3)


if __name__ == "__main__":
    main()
