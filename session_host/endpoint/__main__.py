"""Starts the chat: ``python -m session_host.endpoint --url URL --model MODEL``."""

from __future__ import annotations

import gc
import sys

from session_host.endpoint.screen import typeahead

# Until the client is imported: nothing that imports make is garbage, and looking for it takes a fifth of their time.
gc.disable()
with typeahead.without_echo(0):
    from session_host.endpoint.program import main

    code = main(sys.argv[1:])
sys.exit(code)
