"""Become a program whose child runs a test's shell commands: ``with_orders.py FIFO PROGRAM ARGUMENTS…``.

So these commands run inside of the program's chat. Without PROGRAM it runs the commands itself, and prints ``ready``.
An order is the path of the answer, a line end, and the command; the answer is JSON: exit code, output, errors.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path


def main() -> None:
    """Run orders, or become the program."""
    orders, *words = sys.argv[1:]
    if words:
        nothing = subprocess.DEVNULL
        subprocess.Popen([sys.executable, "-ISc", Path(__file__).read_text(), orders], stdin=nothing, stdout=nothing)
        os.execvp(words[0], words)
    print("ready", flush=True)
    while True:
        order = Path(orders).read_text()
        if not order:
            continue
        answer, command = order.split("\n", 1)
        done = subprocess.run(
            ["sh", "-c", command], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        Path(f"{answer}.new").write_text(json.dumps([done.returncode, done.stdout, done.stderr]))
        Path(f"{answer}.new").rename(answer)


if __name__ == "__main__":
    main()
