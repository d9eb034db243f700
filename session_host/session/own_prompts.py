"""What a chat's own agent, and what it started, may give its chat: prompts, and nothing that acts without a question.

A key may change the agent's mode, a text may be a command of its program, and either may answer a question. So such a
client may send one text with Enter that does not begin as a command does (``Watch.command_prefixes``). In a terminal,
``SendQueue`` types it only into an empty input line, as a paste, and presses Enter only where the text is seen: so it
joins nothing that stands there, no line of it is a prompt of its own, and no dialog takes it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import msgspec

from session_host.protocol.launch import Watch
from session_host.protocol.messages import Prompt, Send, SendChatInput
from session_host.protocol.untrusted_text import from_first_visible
from session_host.terminal.encode import has_controls

LONGEST_PREFIX = 16


def command_sign(text: str, prefixes: Iterable[str]) -> str | None:
    """The prefix by which an agent takes a text for a command; None for a prompt.

    Agents drop blanks before it, and some a byte order mark; no one reads a full-width form, but one might.
    """
    begun = from_first_visible(text)[:LONGEST_PREFIX]
    forms = (begun, unicodedata.normalize("NFKC", begun))
    return next((each for each in prefixes if any(form.startswith(each) for form in forms)), None)


def own_send(request: Send) -> Send:
    """A request of the chat's own agent, marked so, with a last Enter key as what it is."""
    is_enter = request.keys == ["Enter"]
    return msgspec.structs.replace(
        request, is_own=True, enter=request.enter or is_enter, keys=[] if is_enter else request.keys, paste=True
    )


def why_no_prompt(request: Send, watch: Watch) -> str:
    """Why a request (from ``own_send``) may not be typed for the chat's own agent, one line; "" if it may be."""
    if request.keys or request.anyway or not (request.text and request.enter) or has_controls(request.text):
        return _refusal("one text with Enter and without other keys")
    if not watch.shown_within_s:
        return _refusal("where Outlive sees that its program takes a text as a prompt, which is not known of this one")
    return _why_command(request.text, watch)


def why_no_input(request: Send | SendChatInput, watch: Watch) -> str:
    """Like ``why_no_prompt``, for a structured chat, where only a prompt's beginning matters."""
    if isinstance(request, Send):
        return _why_command(request.text, watch)
    return _why_command(request.chat_input.text, watch) if isinstance(request.chat_input, Prompt) else ""


def _why_command(text: str, watch: Watch) -> str:
    sign = command_sign(text, watch.command_prefixes)
    return "" if sign is None else _refusal(f"no text that begins with “{sign}”, which may be a command")


def _refusal(what: str) -> str:
    return f"an agent may type only prompts into its own chat: {what}"
