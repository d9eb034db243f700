"""Write a file to the terminal by ``cat``, and save the duration.

``timed_cat.py FILE RESULT [--gate FIFO]``

With a gate, waits there first, so that the terminal can be prepared; ``RESULT.ready`` exists while it waits. Then runs
``cat FILE`` and writes the seconds from its start to its end to RESULT (renamed into place when complete). At cat's end
the kernel has the last bytes, and the terminal has not painted them yet: ``time cat FILE`` measures the same.

Exit status: cat's; 3 if the gate is removed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path


def main() -> None:
    """Wait, run cat, and save its duration."""
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("result")
    parser.add_argument("--gate")
    options = parser.parse_args()
    if options.gate:
        gate = os.open(options.gate, os.O_RDONLY)
        Path(f"{options.result}.ready").touch()
        if not os.read(gate, 1):
            sys.exit(3)
    began_s = time.perf_counter()
    status = subprocess.run(["cat", options.file], check=False).returncode
    took_s = time.perf_counter() - began_s
    part = Path(f"{options.result}.part")
    part.write_text(f"{took_s:.6f}")
    part.rename(options.result)
    sys.exit(status)


if __name__ == "__main__":
    main()
