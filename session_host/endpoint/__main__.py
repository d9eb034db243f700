"""Start: ``python -m session_host.endpoint --url URL --model MODEL``."""

from __future__ import annotations

import sys

from session_host.endpoint.program import main

sys.exit(main(sys.argv[1:]))
