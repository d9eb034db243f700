"""Starts the program: ``python -m session_host.endpoint --url URL --model MODEL``, with a client at its pipes."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress

from session_host.endpoint.acp.agent import serve
from session_host.endpoint.options import read_options
from session_host.endpoint.server.api_keys import KeyFilter
from session_host.errors import OutliveError

if sys.stdin.isatty():
    with suppress(OutliveError):
        read_options(sys.argv[1:])  # For --help.
    sys.exit("outlive: this program speaks the Agent Client Protocol; to chat: outlive new endpoint -m MODEL -u URL")
key_filter = KeyFilter()
handler = logging.StreamHandler()
handler.addFilter(key_filter)
handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
# The client shows all failures; the host shows the error output of a program that was killed.
logging.basicConfig(level=logging.ERROR, handlers=[handler], force=True)
serve(sys.argv[1:], key_filter)
