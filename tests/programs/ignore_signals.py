"""Refuse to end gracefully: report the signals that ask for it and continue.

``ignore_signals.py [--signals HUP,TERM,INT] [--lifetime-s 60]``

Writes ``ready PID``, then ``got NAME`` for each of the signals. It ends by SIGKILL or after its lifetime, so that a
failed test leaves no process. When its terminal is closed, it continues to ignore the signals, silently.
"""

from __future__ import annotations

import argparse
import os
import signal
import time


def say(text: str) -> None:
    """Write a line, if the terminal still exists."""
    try:
        os.write(1, f"{text}\r\n".encode())
    except OSError:  # The terminal has hung up, which this program ignores.
        return


def main() -> None:
    """Report and ignore the signals until the lifetime is over."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--signals", default="HUP,TERM,INT")
    parser.add_argument("--lifetime-s", type=float, default=60.0)
    options = parser.parse_args()
    signals = {signal.Signals[f"SIG{name}"] for name in options.signals.split(",")}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    end = time.monotonic() + options.lifetime_s
    say(f"ready {os.getpid()}")
    while (remaining := end - time.monotonic()) > 0:
        received = signal.sigtimedwait(signals, remaining)
        if received is not None:
            say(f"got {signal.Signals(received.si_signo).name[3:]}")


if __name__ == "__main__":
    main()
