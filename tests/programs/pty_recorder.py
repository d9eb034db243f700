"""Run a program on its own terminal, and record each byte of its input and output.

``pty_recorder.py LOG PROGRAM [ARGUMENT…]`` runs between a terminal and a program. It writes the program's possible
input and its output to LOG, one JSON object in each line: ``{"to": "program" | "terminal", "data": hexadecimal}``. It
passes on the terminal's size, signals and the program's end. It does not use ptyprocess, which sets a size without
pixels after the exec, so that the program would get SIGWINCH.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import selectors
import signal
import sys
import termios
import tty
from typing import Any

PIECE_BYTES = 65536


def main(log: str, argv: list[str]) -> None:
    """Run the program; exit as the program does."""
    size = fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(8))
    attributes = termios.tcgetattr(0)
    tty.setraw(0)
    child, master = pty.fork()
    if not child:
        fcntl.ioctl(0, termios.TIOCSWINSZ, size)
        termios.tcsetattr(0, termios.TCSANOW, attributes)
        os.execvp(argv[0], argv)

    def resized(*_: Any) -> None:
        fcntl.ioctl(master, termios.TIOCSWINSZ, fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(8)))

    def pass_on(number: int, _: Any) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, number)

    signal.signal(signal.SIGWINCH, resized)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, pass_on)
    resized()
    with open(log, "a", encoding="ascii") as file:  # noqa: PTH123 - argv's
        _relay(master, file)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    os._exit(os.waitstatus_to_exitcode(status))


def _relay(master: int, file: Any) -> None:
    selector = selectors.DefaultSelector()
    selector.register(0, selectors.EVENT_READ, (master, "program"))
    selector.register(master, selectors.EVENT_READ, (1, "terminal"))
    while True:
        for key, _ in selector.select():
            target, to = key.data
            try:
                data = os.read(key.fd, PIECE_BYTES)
            except OSError:  # EIO: the other side of the terminal is closed.
                data = b""
            if not data:
                if to == "terminal":
                    return
                selector.unregister(0)
                continue
            print(json.dumps({"to": to, "data": data.hex()}), file=file, flush=True)
            while data:
                data = data[os.write(target, data) :]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
