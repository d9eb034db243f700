"""Reads typed input as an agent does: the terminal's echo is off, and the program itself shows the input."""

from __future__ import annotations

import os
import termios
from collections.abc import Iterator

_LOCAL_MODES = 3
"""The index of the local modes in the result of ``termios.tcgetattr``."""

_END_OF_INPUT, _ENTER, _DELETE = 0x04, 0x0A, 0x7F


def typed_lines() -> Iterator[str]:
    """Turn the terminal's echo off; return an iterator over typed lines, which shows each character."""
    attributes = termios.tcgetattr(0)
    attributes[_LOCAL_MODES] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(0, termios.TCSANOW, attributes)
    return _lines()


def _lines() -> Iterator[str]:
    line = bytearray()
    while data := _read():
        for byte in data:
            if byte == _END_OF_INPUT and not line:
                return
            if byte == _ENTER:
                os.write(1, b"\n")
                yield line.decode("utf-8", "replace")
                line.clear()
            elif byte == _DELETE:
                if line:
                    del line[-1]
                    os.write(1, b"\b \b")
            else:
                line.append(byte)
                os.write(1, bytes([byte]) if byte >= ord(" ") else b"^" + bytes([byte | 0x40]))


def _read() -> bytes:
    try:
        return os.read(0, 4096)
    except OSError:
        return b""  # The terminal hung up.
