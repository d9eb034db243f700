"""``python -m session_host.cli``."""

from session_host.cli import run

run()
