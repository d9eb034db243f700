"""Takes its standard output for its terminal, and becomes a program. Run as a script, in a process of its own.

It imports no module of Outlive, and has no threads; so, unlike a fork of the host, it can safely run Python code.
"""

from __future__ import annotations

import fcntl
import os
import resource
import signal
import sys
import termios

_LOCKS = 10
"""RLIMIT_LOCKS, as in ``chat_mark``."""

_NOT_FOUND, _NOT_EXECED = 127, 126
"""Exit codes, as shells use them."""


def main() -> None:
    """Become the program that the arguments name, after its directory and three limits ("" for the present one).

    These are the soft limit of open files, the hard one of message queues and the soft one of file locks, which mark
    the programs of agents and of a chat. Only this process enters the directory, since that may hang.
    """
    directory, open_files, queue_bytes, locks, *argv = sys.argv[1:]
    fcntl.ioctl(1, termios.TIOCSCTTY, 0)
    for number in signal.valid_signals():
        # Ignored signals stay ignored through an exec (execve(2)); the host ignores some, and Python others.
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    if open_files:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (int(open_files), hard))
    if queue_bytes:
        soft, hard = resource.getrlimit(resource.RLIMIT_MSGQUEUE)
        if int(queue_bytes) not in {hard, resource.RLIM_INFINITY}:
            limit = int(queue_bytes)
            resource.setrlimit(resource.RLIMIT_MSGQUEUE, (min(soft, limit) if soft >= 0 else limit, limit))
    if locks:
        _, hard = resource.getrlimit(_LOCKS)
        resource.setrlimit(_LOCKS, (int(locks), hard))
    try:
        os.chdir(directory)
    except OSError as error:
        os.write(2, f"{directory}: {error.strerror}\n".encode(errors="replace"))
        os._exit(_NOT_EXECED)
    try:
        os.execvp(argv[0], argv)  # noqa: S606 - no shell is wanted
    except OSError as error:
        os.write(2, f"{argv[0]}: {error.strerror}\n".encode(errors="replace"))
        os._exit(_NOT_FOUND if isinstance(error, FileNotFoundError) else _NOT_EXECED)


if __name__ == "__main__":
    main()
