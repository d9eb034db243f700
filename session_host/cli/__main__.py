"""``python -m session_host.cli``."""

import sys

from session_host.cli import main

sys.exit(main())
