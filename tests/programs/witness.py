"""Write output, read input, and record both in files: the reference for what really happened.

``witness.py DIRECTORY``

Sets the terminal raw, and switches on bracketed paste and application cursor keys. Appends its output to
``DIRECTORY/written`` once the terminal has accepted it, its input to ``DIRECTORY/received``, each query (see below) to
``DIRECTORY/asked``, each terminal size to ``DIRECTORY/sizes``. Echoes every ``<…>`` in the input as a line ``echo
<…>``. Reads orders, one in each line, from the FIFO ``DIRECTORY/orders``; appends each to ``DIRECTORY/obeyed`` when it
is carried out::

    lines N             write N numbered lines
    burst BYTES         write numbered lines of at least this many bytes in one write
    bits N              write N numbered lines, in pieces of a few bytes
    ask DA1             query the primary device attributes
    ask CPR ROW COLUMN  move the cursor there, query its position, move it back
    random SEED BYTES   do all of that at changing rates; after this many bytes, write only a few lines
    quiet               stop ``random``
    end CODE            write ``bye`` and exit with this code

A numbered line has a number, its checksum and some padding, in colour and partly not ASCII. Exit status: that of
``end``; 3 if the FIFO has no writer any more; 4 if the terminal is closed.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import random
import re
import select
import signal
import struct
import sys
import termios
import tty
import zlib
from pathlib import Path

TOKEN = re.compile(rb"<[^<>]*>")
MODES = b"\x1b[?2004h\x1b[?1h"
QUIET_LINES_S = 0.25
"""Interval between lines once ``random`` has written its bytes."""


def numbered_line(number: int) -> bytes:
    """The line with this number, the same each time."""
    check = zlib.crc32(b"%d" % number)
    filling = "─" * (check % 7) + "x" * (check % 53)
    return b"%08d %08x \x1b[3%dm%s\x1b[0m\r\n" % (number, check, number % 8, filling.encode())


class Terminated(Exception):
    """The terminal is closed."""


class Witness:
    """Uses the terminal, and records all input and output."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self.files = {
            name: os.open(directory / name, flags, 0o600)
            for name in ("written", "received", "asked", "sizes", "obeyed")
        }
        self.orders = os.open(directory / "orders", os.O_RDONLY)
        self.pending_orders = b""
        self.pending_input = b""
        self.number = 0
        self.rng: random.Random | None = None
        self.share = 0
        self.wakeup, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGWINCH, lambda number, frame: None)

    def run(self) -> None:
        """Carry out orders until the last one."""
        tty.setraw(0, termios.TCSANOW)
        self.keep_size()
        self.write(MODES + b"ready\r\n")
        while True:
            wait_s = None
            if self.rng is not None:
                wait_s = self.at_random(self.rng)
            ready, _, _ = select.select([0, self.orders, self.wakeup], [], [], wait_s)
            if self.wakeup in ready:
                os.read(self.wakeup, 64)
                self.keep_size()
            if 0 in ready:
                self.read()
            if self.orders in ready:
                data = os.read(self.orders, 65536)
                if not data:
                    sys.exit(3)
                *orders, self.pending_orders = (self.pending_orders + data).split(b"\n")
                for order in orders:
                    self.obey(order.decode().split())
                    self.keep("obeyed", order + b"\n")

    def keep(self, name: str, data: bytes) -> None:
        """Append to one of the record files."""
        while data:
            data = data[os.write(self.files[name], data) :]

    def keep_size(self) -> None:
        """Record the kernel's current size of the terminal."""
        rows, columns, _, _ = struct.unpack("HHHH", fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(8)))
        self.keep("sizes", b"%dx%d\n" % (columns, rows))

    def write(self, data: bytes) -> None:
        """Write to the terminal, and record the bytes that it has accepted."""
        while data:
            try:
                count = os.write(1, data)
            except OSError as error:
                raise Terminated from error
            self.keep("written", data[:count])
            data = data[count:]

    def read(self) -> None:
        """Record the input, and echo the part that must be echoed."""
        try:
            data = os.read(0, 65536)
        except OSError as error:
            raise Terminated from error
        if not data:
            raise Terminated
        self.keep("received", data)
        self.pending_input += data
        echo = b""
        for token in TOKEN.finditer(self.pending_input):
            echo += b"echo %s\r\n" % token.group()
        self.pending_input = self.pending_input[self.pending_input.rfind(b">") + 1 :]
        self.write(echo)

    # ------------------------------------------------------------------------------ orders

    def obey(self, order: list[str]) -> None:
        """Carry out one order."""
        match order:
            case ["lines", count]:
                for _ in range(int(count)):
                    self.write(self.next_line())
            case ["burst", size]:
                self.burst(int(size))
            case ["bits", count]:
                for _ in range(int(count)):
                    self.bits(3)
            case ["ask", "DA1"]:
                self.ask_attributes()
            case ["ask", "CPR", row, column]:
                self.ask_position(int(row), int(column))
            case ["random", seed, share]:
                self.rng, self.share = random.Random(int(seed)), int(share)
            case ["quiet"]:
                self.rng = None
            case ["end", code]:
                self.write(b"bye\r\n")
                self.keep("obeyed", b"end\n")
                sys.exit(int(code))
            case _:
                self.write(b"what?\r\n")

    def next_line(self) -> bytes:
        """The next numbered line."""
        self.number += 1
        return numbered_line(self.number)

    def burst(self, size: int) -> None:
        """Write lines of at least ``size`` bytes in one write."""
        data = bytearray()
        while len(data) < size:
            data += self.next_line()
        self.share -= len(data)
        self.write(bytes(data))

    def bits(self, length: int) -> None:
        """Write one line in pieces that cut characters and sequences."""
        line = self.next_line()
        self.share -= len(line)
        for start in range(0, len(line), length):
            self.write(line[start : start + length])

    def ask_attributes(self) -> None:
        """Query the terminal's primary device attributes."""
        self.keep("asked", b"DA1\n")
        self.write(b"\x1b[c")

    def ask_position(self, row: int, column: int) -> None:
        """Query the cursor's position, at a position that identifies the query."""
        self.keep("asked", b"CPR %d %d\n" % (row, column))
        self.write(b"\x1b7\x1b[%d;%dH\x1b[6n\x1b8" % (row, column))

    def at_random(self, rng: random.Random) -> float:
        """Do one random action; return the seconds until the next one."""
        chance = rng.random()
        if self.share <= 0:
            self.bits(100)
            return QUIET_LINES_S
        if chance < 0.005:
            self.burst(rng.randrange(100_000, 400_000))
            return rng.uniform(0.1, 0.6)
        if chance < 0.10:
            self.burst(rng.randrange(2_000, 20_000))
        elif chance < 0.18:
            self.bits(rng.randrange(1, 9))
        elif chance < 0.23:
            self.ask_position(rng.randrange(1, 20), rng.randrange(1, 70))
        elif chance < 0.25:
            self.ask_attributes()
        elif chance < 0.29:
            return rng.uniform(0.1, 0.5)
        else:
            self.bits(100)
        return rng.uniform(0.0, 0.04)


def main() -> None:
    """Run the witness."""
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    try:
        Witness(parser.parse_args().directory).run()
    except Terminated:
        sys.exit(4)


if __name__ == "__main__":
    main()
