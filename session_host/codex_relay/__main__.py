"""Starts the program: ``python -m session_host.codex_relay SOCKET -- codex app-server --listen unix://SOCKET``."""

from __future__ import annotations

import sys

from session_host.codex_relay.options import read_options
from session_host.errors import UsageError

try:
    options = read_options(sys.argv[1:])
except UsageError as error:
    sys.stderr.write(f"outlive-codex-relay: {error}\n")
    sys.exit(2)
if options.terminal:
    from session_host.codex_relay.terminal import run
else:
    from session_host.codex_relay.program import run  # imports the WebSocket library, which a terminal does not need
sys.exit(run(options))
