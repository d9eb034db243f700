"""``outlive deny``: decline what a chat's agent asks to do."""

from __future__ import annotations

import argparse

from session_host.cli.answers import answering


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    answering.configure(parser)
    parser.epilog = answering.EPILOG


def run(options: argparse.Namespace) -> int:
    """Decline the one open request, or the named one."""
    return answering.answer(options, "deny")
