"""A request to type (Send): its errors, and its bytes for the program."""

from __future__ import annotations

import re

import msgspec

from session_host.protocol.messages import MAX_PASTE_CHARACTERS, ErrorCode, Failed, Key, Send
from session_host.protocol.values import parse_key
from session_host.terminal.base import Emulator
from session_host.terminal.encode import encode_key, encode_paste, has_controls

_INNER_LINE_END = re.compile("[\r\n\u2028\u2029]+[^\r\n]")


def find_problem(request: Send) -> Failed | None:
    """The error in the request's values; None if they are valid."""
    if len(request.text) > MAX_PASTE_CHARACTERS:
        return Failed(
            request.request, ErrorCode.TOO_LARGE, f"the text is too long (at most {MAX_PASTE_CHARACTERS} characters)"
        )
    if not is_token(request.token):
        return Failed(request.request, ErrorCode.BAD_REQUEST, "a token is 32 hexadecimal digits")
    for name in request.keys:
        try:
            parse_key(name)
        except ValueError as error:
            return Failed(request.request, ErrorCode.BAD_REQUEST, str(error))
    return None


def is_text(request: Send) -> bool:
    """Whether the request is more than keys; one character by itself is a key, such as the "y" that answers."""
    alone = not (request.enter or request.keys or request.paste)
    return len(request.text) > (1 if alone else 0)


def as_prompt(request: Send) -> Send:
    """A request to an agent: several lines are one paste, and the last line end is Enter.

    Typed, each line would be a prompt of its own. Directly behind a text, agents take Enter for a part of it.
    """
    text = request.text
    if not request.paste and not request.keys and text.endswith(("\r", "\n")):
        text = text.removesuffix("\n").removesuffix("\r")
        request = msgspec.structs.replace(request, text=text, enter=True)
    return msgspec.structs.replace(request, paste=request.paste or _has_several_lines(text))


def encode_request(emulator: Emulator, request: Send, *, enter: bool) -> bytes:
    """The bytes for the program, by the modes that it has set; ``enter``: with Enter, if it is asked for."""
    pieces: list[bytes] = []
    if request.text:
        pieces.append(encode_paste(request.text, emulator.modes) if _is_pasted(request) else typed(request.text))
    for name in [*request.keys, *(["Enter"] if request.enter and enter else [])]:
        key, text, modifiers = parse_key(name)
        pieces.append(encode_key(Key("", 0, key, text, int(modifiers)), emulator.modes))
    return b"".join(pieces)


def _is_pasted(request: Send) -> bool:
    """Whether the text is pasted: several lines are one text; control characters, such as an Escape, are typed keys."""
    is_plain = request.enter and not request.keys and not has_controls(request.text)
    return request.paste or is_plain or (request.enter and _has_several_lines(request.text))


def _has_several_lines(text: str) -> bool:
    return _INNER_LINE_END.search(text) is not None


def is_token(text: str) -> bool:
    """Whether a token is valid: 32 hexadecimal digits, or "" for a request without a token."""
    return not text or (len(text) == 32 and all(each in "0123456789abcdef" for each in text))


def typed(text: str) -> bytes:
    """Text as a keyboard would type it: a line end is the Enter key."""
    return text.replace("\r\n", "\r").replace("\n", "\r").encode("utf-8", "replace")
