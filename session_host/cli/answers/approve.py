"""``outlive approve``: allow what a chat's agent asks to do."""

from __future__ import annotations

import argparse

from session_host.cli.answers import answering


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    answering.configure(parser)
    parser.add_argument("--always", action="store_true", help="allow the same from now on, if the agent offers that")
    parser.epilog = answering.EPILOG


def run(options: argparse.Namespace) -> int:
    """Allow the one open request, or the named one."""
    return answering.answer(options, "allow_always" if options.always else "allow")
