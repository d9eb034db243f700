"""``outlive resume``: resume an ended chat in the same conversation."""

from __future__ import annotations

import argparse
import asyncio
import sys

from session_host.cli.output import own_size, print_error, print_json, print_line
from session_host.cli.session_argument import add_session_argument, find
from session_host.errors import ConversationOpen
from session_host.protocol.values import Runtime
from session_host.system import event_loop


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    add_session_argument(parser)
    parser.add_argument("-d", "--detach", action="store_true", help="do not attach in this terminal")
    parser.add_argument("--json", action="store_true", help="print the chat as JSON and do not attach")
    parser.add_argument("--anyway", action="store_true", help="resume even if the conversation is open elsewhere")
    parser.add_argument(
        "--runtime",
        choices=("terminal", "structured"),
        help="terminal: the agent's own screen; structured: the chat view (default: as before)",
    )
    parser.epilog = (
        "Starts a new chat that continues exactly the ended chat's conversation, with the same name, directory, "
        "arguments and variables. A shell starts again below what it showed, and runs no command by itself. "
        "--runtime terminal also works for a running chat view of Codex: it opens the "
        "conversation in Codex's own terminal, too."
    )


def run(options: argparse.Namespace) -> int:
    """Resume a chat; attach to it in a terminal, else print its name and id."""
    session_id = find(options.session).id
    attaches = not options.detach and not options.json and sys.stdin.isatty() and sys.stdout.isatty()
    record_id, name = event_loop.run_command(_resume(session_id, anyway=options.anyway, runtime=options.runtime))
    if options.json:
        info = find(record_id)
        from session_host.client.chats.resumability import fill_in_resumable

        fill_in_resumable([info])
        print_json(info)
    elif attaches:
        from session_host.cli.attach.command import attach

        return attach(record_id, name, runtime=find(record_id).runtime)
    else:
        print_line(f"{name} {record_id}")
    return 0


async def _resume(session_id: str, *, anyway: bool, runtime: Runtime | None) -> tuple[str, str]:
    from session_host.client.chats.pending_end import wait_until_exit_saved
    from session_host.client.chats.resume import resumability, resume

    await wait_until_exit_saved(session_id)
    before = await asyncio.to_thread(resumability, session_id)
    if before.can and before.reason:
        print_error(f"{before.reason}; starting it again")
    try:
        record = await resume(session_id, size=own_size(), anyway=anyway, runtime=runtime)
    except ConversationOpen as error:
        raise ConversationOpen(f"{error}; to resume anyway: outlive resume {session_id[:8]} --anyway") from error
    return record.id, record.name
