"""Runs a chat from the command line, and restores the terminal afterwards."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from session_host.endpoint.conversation.file import ConversationFile
from session_host.endpoint.options import Options, read_defaults, read_options, settings
from session_host.endpoint.server.api_keys import NoKeys
from session_host.errors import OutliveError, UsageError
from session_host.paths import config_dir, endpoint_conversation, ensure_private, state_dir

if TYPE_CHECKING:
    from session_host.endpoint.chat import Chat

_logger = logging.getLogger(__name__)


def main(words: Sequence[str]) -> int:
    """Run the program; returns its exit code."""
    hidden = NoKeys()
    _log(hidden)
    try:
        options = read_options(words)
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise UsageError("this program needs a terminal; start it with: outlive new endpoint -m MODEL -u URL")
        ensure_private(state_dir())
        path = endpoint_conversation(options.conversation)
        ensure_private(path.parent)
        with ConversationFile(path, options.conversation) as file:
            return _chat(options, file, hidden)
    except OutliveError as error:
        _logger.warning("%s", error)
        sys.stdout.write(f"outlive: {hidden.cleaned(str(error))}\r\n")
        sys.stdout.flush()
        return error.exit_code
    except OSError as error:
        # The terminal has gone, so no user can read a message.
        _logger.warning("cannot use this terminal", exc_info=error)
        return 1


def _chat(options: Options, file: ConversationFile, hidden: NoKeys) -> int:
    from session_host.endpoint.chat import Chat
    from session_host.endpoint.command_actions import Verbs

    conversation = file.conversation
    known = settings(
        options, conversation.first_settings, conversation.settings, read_defaults(config_dir()), os.environ
    )
    prompt = options.ask or ("" if conversation.messages else options.prompt)
    asyncio.run(_serve(Chat(file, known, os.environ, hidden, Verbs), prompt))
    return 0


async def _serve(chat: Chat, prompt: str) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_unexpected)
    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, chat.leave)
    await chat.run(prompt)


def _unexpected(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log exceptions that no task caught: the screen belongs to the conversation."""
    _logger.error("%s", context.get("message", "error"), exc_info=context.get("exception"))


def _log(hidden: NoKeys) -> None:
    """Log details to standard error, unless that is the screen; never log keys."""
    handler: logging.Handler = logging.NullHandler() if sys.stderr.isatty() else logging.StreamHandler()
    handler.addFilter(hidden)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    if sys.stderr.isatty():
        sys.excepthook = _without_details


def _without_details(_kind: type[BaseException], _error: BaseException, _trace: object) -> None:
    """Report an internal error briefly if the screen is the only place for it."""
    sys.stdout.write("outlive: internal error; the conversation is saved, resume the chat to continue\r\n")
