"""Runs a chat from the command line, and restores the terminal afterwards."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from session_host.endpoint.conversation import ConversationFile
from session_host.endpoint.options import ACP, Options, initial_settings, read_defaults, read_options
from session_host.endpoint.server.api_keys import KeyFilter
from session_host.errors import OutliveError, UsageError
from session_host.paths import config_dir, endpoint_conversation, ensure_private, state_dir

if TYPE_CHECKING:
    from session_host.endpoint.terminal.chat import Chat

_logger = logging.getLogger(__name__)


def main(arguments: Sequence[str]) -> int:
    """Run the program; returns its exit code."""
    key_filter = KeyFilter()
    if arguments[:1] == [ACP]:
        from session_host.endpoint.acp.agent import serve

        # The client shows all failures; the host shows the error output of a program that was killed.
        _configure_logging(key_filter, logging.ERROR)
        serve(arguments[1:], key_filter)
        return 0
    _configure_logging(key_filter, logging.WARNING)
    try:
        options = read_options(arguments)
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise UsageError("this program needs a terminal; start it with: outlive new endpoint -m MODEL -u URL")
        ensure_private(state_dir())
        path = endpoint_conversation(options.conversation)
        ensure_private(path.parent)
        with ConversationFile(path, options.conversation) as file:
            return _chat(options, file, key_filter)
    except OutliveError as error:
        _logger.warning("%s", error)
        sys.stdout.write(f"outlive: {key_filter.redact(str(error))}\r\n")
        sys.stdout.flush()
        return error.exit_code
    except OSError as error:
        # The terminal has gone, so no user can read a message.
        _logger.warning("cannot use this terminal", exc_info=error)
        return 1


def _chat(options: Options, file: ConversationFile, key_filter: KeyFilter) -> int:
    from session_host.endpoint.terminal.chat import Chat

    conversation = file.conversation
    settings = initial_settings(
        options, conversation.first_settings, conversation.settings, read_defaults(config_dir()), os.environ
    )
    prompt = options.ask or ("" if conversation.messages else options.prompt)
    asyncio.run(_serve(Chat(file, settings, os.environ, key_filter), prompt))
    return 0


async def _serve(chat: Chat, prompt: str) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_log_unhandled)
    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, chat.leave)
    await chat.run(prompt)


def _log_unhandled(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log exceptions that no task caught: the screen belongs to the conversation."""
    _logger.error("%s", context.get("message", "error"), exc_info=context.get("exception"))


def _configure_logging(key_filter: KeyFilter, level: int) -> None:
    """Log details to standard error, unless that is the screen; never log keys."""
    handler: logging.Handler = logging.NullHandler() if sys.stderr.isatty() else logging.StreamHandler()
    handler.addFilter(key_filter)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    if sys.stderr.isatty():
        sys.excepthook = _print_internal_error


def _print_internal_error(_kind: type[BaseException], _error: BaseException, _trace: object) -> None:
    """Replace the traceback by one line: standard error is the screen."""
    sys.stdout.write("outlive: internal error; the conversation is saved, resume the chat to continue\r\n")
