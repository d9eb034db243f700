"""Print and read, and record both in an own file: the reference for what really happened.

``witness.py DIRECTORY``

The terminal is set raw, and bracketed paste and application cursor keys are switched on. What is written
is appended to ``DIRECTORY/written`` once the terminal has it, what is read to ``DIRECTORY/received``, each
question (see below) to ``DIRECTORY/asked``, each size to ``DIRECTORY/sizes``. Every ``<…>`` in the input is
echoed as a line ``echo <…>``. Orders come as lines from the FIFO ``DIRECTORY/orders``; each is appended to
``DIRECTORY/obeyed`` when it is carried out::

    lines N             N numbered lines
    burst BYTES         as many numbered lines as make so many bytes, in one write
    bits N              N numbered lines, in pieces of few bytes
    ask DA1             primary device attributes
    ask CPR ROW COLUMN  put the cursor there, ask where it is, put it back
    random SEED BYTES   all of that at changing rates until told otherwise; few lines only after so many bytes
    quiet               no more of that
    end CODE            write ``bye`` and exit with this code

A numbered line is a number, its check and some filling, in colour and not all of it ASCII. Exit status: as
told; 3 when nobody gives orders any more; 4 when the terminal is gone.
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
"""Between lines once ``random`` has written its share."""


def numbered_line(number: int) -> bytes:
    """The line of this number, the same each time."""
    check = zlib.crc32(b"%d" % number)
    filling = "─" * (check % 7) + "x" * (check % 53)
    return b"%08d %08x \x1b[3%dm%s\x1b[0m\r\n" % (number, check, number % 8, filling.encode())


class Terminated(Exception):
    """The terminal is gone."""


class Witness:
    """The terminal, and the record of what passed through it."""

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
        """Append to one of the records."""
        while data:
            data = data[os.write(self.files[name], data) :]

    def keep_size(self) -> None:
        """Note the size as the kernel has it now."""
        rows, columns, _, _ = struct.unpack("HHHH", fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(8)))
        self.keep("sizes", b"%dx%d\n" % (columns, rows))

    def write(self, data: bytes) -> None:
        """Write to the terminal, and then note what it took."""
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
        """Many lines in one write."""
        data = bytearray()
        while len(data) < size:
            data += self.next_line()
        self.share -= len(data)
        self.write(bytes(data))

    def bits(self, length: int) -> None:
        """One line in pieces that cut characters and sequences."""
        line = self.next_line()
        self.share -= len(line)
        for start in range(0, len(line), length):
            self.write(line[start : start + length])

    def ask_attributes(self) -> None:
        """Ask what the terminal is."""
        self.keep("asked", b"DA1\n")
        self.write(b"\x1b[c")

    def ask_position(self, row: int, column: int) -> None:
        """Ask for the cursor's position, at a position that identifies the question."""
        self.keep("asked", b"CPR %d %d\n" % (row, column))
        self.write(b"\x1b7\x1b[%d;%dH\x1b[6n\x1b8" % (row, column))

    def at_random(self, rng: random.Random) -> float:
        """Do something; the seconds until the next time."""
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
    """Be a witness."""
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    try:
        Witness(parser.parse_args().directory).run()
    except Terminated:
        sys.exit(4)


if __name__ == "__main__":
    main()
