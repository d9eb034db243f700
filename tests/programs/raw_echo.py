"""Echo each byte of the input back, in raw mode.

``raw_echo.py [--show] [--enable MODES] [--until BYTE_HEX]``

Writes ``ready`` and a line end, then gives back what it reads. By default bytes come back as they
are (what a round-trip measurement wants). With ``--show`` each read comes back as one line of
printable text, ``<1b5b41>`` for an Up arrow, so that a test can see on the screen what was typed.
``--enable`` sets DEC private modes first, separated by commas (``1,2004,1006,1002,1004``), or
``kitty:FLAGS`` among them for the kitty keyboard protocol.

It ends with ``bye`` when the byte ``--until`` comes alone or within a read (04, Ctrl+D, unless told
otherwise; "" for never) or when the input ends.
"""

from __future__ import annotations

import argparse
import os
import tty


def main() -> None:
    """Echo."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--enable", default="")
    parser.add_argument("--until", default="04", type=bytes.fromhex)
    options = parser.parse_args()
    tty.setraw(0)
    for mode in filter(None, options.enable.split(",")):
        sequence = f"\x1b[>{mode[6:]}u" if mode.startswith("kitty:") else f"\x1b[?{mode}h"
        os.write(1, sequence.encode())
    os.write(1, b"ready\r\n")
    while data := os.read(0, 65536):
        if options.until and options.until in data:
            break
        os.write(1, f"<{data.hex()}>\r\n".encode() if options.show else data)
    os.write(1, b"bye\r\n")


if __name__ == "__main__":
    main()
