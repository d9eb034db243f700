"""A request to type (Send): its errors, and its bytes for the program."""

from __future__ import annotations

from session_host.protocol.key_names import parse_key
from session_host.protocol.messages import MAX_PASTE_CHARACTERS, ErrorCode, Failed, Key, Send
from session_host.terminal.base import Emulator


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


def encode_request(emulator: Emulator, request: Send, *, enter: bool) -> bytes:
    """The bytes for the program, by the modes that it has set; ``enter``: with Enter, if it is asked for."""
    pieces: list[bytes] = []
    if request.text:
        # Control characters, such as an Escape, are sent as typed keys, not in a paste.
        pastes = request.paste or (request.enter and not request.keys and _is_plain(request.text))
        pieces.append(emulator.encode_paste(request.text) if pastes else typed(request.text))
    for name in [*request.keys, *(["Enter"] if request.enter and enter else [])]:
        key, text, modifiers = parse_key(name)
        pieces.append(emulator.encode_key(Key("", 0, key, text, int(modifiers))))
    return b"".join(pieces)


def _is_plain(text: str) -> bool:
    return all(each.isprintable() or each in "\n\r\t" for each in text)


def is_token(text: str) -> bool:
    """Whether a token is valid: 32 hexadecimal digits, or "" for a request without a token."""
    return not text or (len(text) == 32 and all(each in "0123456789abcdef" for each in text))


def typed(text: str) -> bytes:
    """Text as a keyboard would type it: a line end is the Enter key."""
    return text.replace("\r\n", "\r").replace("\n", "\r").encode("utf-8", "replace")
