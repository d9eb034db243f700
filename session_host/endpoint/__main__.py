"""Starts the chat: ``python -m session_host.endpoint --url URL --model MODEL``."""

from __future__ import annotations

import sys

from session_host.endpoint.terminal import typeahead

with typeahead.without_echo(0):
    from session_host.endpoint.program import main

    code = main(sys.argv[1:])
sys.exit(code)
