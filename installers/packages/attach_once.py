"""Attaches to a chat on a terminal of its own, waits for a text, and detaches: ``attach_once.py CHAT TEXT``."""

from __future__ import annotations

import os
import pty
import sys


def main() -> int:
    """Return the exit code of ``outlive attach``."""
    chat, text = sys.argv[1:]
    child, terminal = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm-256color"
        os.execvp("outlive", ["outlive", "attach", chat])  # noqa: S606 - the installed command
    seen = b""
    detached = False
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:
            break
        seen += data
        if text.encode() in seen and not detached:
            os.write(terminal, b"\x02d")
            detached = True
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if not detached or b"it keeps running" not in seen:
        print(f"attach showed: {seen!r}", file=sys.stderr)
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main())
