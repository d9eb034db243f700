"""All engines encode a key as the same bytes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from session_host.protocol.messages import Key
from session_host.protocol.values import GridSize, Modifiers
from session_host.terminal import create
from session_host.terminal.base import Emulator
from session_host.terminal.encode import encode_key

SIZE = GridSize(80, 24)
SETTINGS = [b"", b"\x1b[?1h", b"\x1b[?66h", b"\x1b[>4;1m", b"\x1b[>4;2m", b"\x1b[>1u", b"\x1b[>5u", b"\x1b[>7u"]
CHARACTERS = "azc[]\\/,.-=`12368'; "
NAMED = [
    "Enter", "Tab", "Backspace", "Escape", "ArrowUp", "ArrowLeft", "Home", "End", "PageUp", "Insert", "Delete",
    "F1", "F2", "F3", "F4", "F5", "F12", "NumpadEnter", "Numpad7", "NumpadDecimal", "ContextMenu",
]  # fmt: skip


@pytest.fixture(scope="module")
def engines() -> Iterator[tuple[Emulator, Emulator]]:
    ghostty, pyte = create("ghostty", SIZE), create("pyte", SIZE)
    yield ghostty, pyte
    ghostty.close()
    pyte.close()


def typed(character: str, modifiers: int) -> str:
    """The text that a key of a US keyboard types; "" with Ctrl or Alt."""
    if modifiers & (Modifiers.CTRL | Modifiers.ALT):
        return ""
    shifted = dict(zip("[]\\/,.-=`12368';", '{}|?<>_+~!@#^*":', strict=True))
    return shifted.get(character, character.upper()) if modifiers & Modifiers.SHIFT else character


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("modifiers", range(8))
def test_all_engines_encode_keys_alike(engines: tuple[Emulator, Emulator], setting: bytes, modifiers: int) -> None:
    keys = [Key("", 1, "Space" if each == " " else each, typed(each, modifiers), modifiers) for each in CHARACTERS]
    keys += [Key("", 1, name, "", modifiers) for name in NAMED]
    ghostty, pyte = engines
    for engine in engines:
        engine.feed(b"\x1bc\x1b[<9u\x1b[>4;0m" + setting)
    for key in keys:
        assert encode_key(key, pyte.modes) == encode_key(key, ghostty.modes), (
            f"{key.key} with {Modifiers(modifiers)!r} and {key.text!r}"
        )
