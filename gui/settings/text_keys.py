"""The user's keys that type a text: the array ``text`` of ``keys.toml``.

    [[text]]
    keys = "Ctrl+Alt+G"               # or several: ["Ctrl+Alt+G", "F7"]
    text = 'git status\\r'             # escapes: see ``typed``

In single quotes TOML leaves the escapes alone. In double quotes ``\\r`` means the same, because TOML knows it, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from session_host.errors import ConfigError
from session_host.toml_file import TomlFile
from session_host.toml_writing import Value, changed_document, set_value

TABLE = "text"
MAX_CHARACTERS = 10_000

_BY_LETTER = {"e": "\x1b", "r": "\r", "n": "\n", "t": "\t", "b": "\b", "a": "\a", "f": "\f", "v": "\v", "\\": "\\"}
_TO_LETTER = {character: f"\\{letter}" for letter, character in _BY_LETTER.items() if letter != "\\"}
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|(.?))", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class TextKey(msgspec.Struct, frozen=True):
    """Keys that type a text.

    Attributes:
        keys: the keys in Qt's notation; may be empty.
        text: the text with escapes and without control characters.
        line: its line in ``keys.toml``; 0 if unknown.
    """

    keys: tuple[str, ...]
    text: str
    line: int = 0

    def is_same(self, other: TextKey) -> bool:
        """Whether keys and text are the same."""
        return (self.keys, self.text) == (other.keys, other.text)


def name_of(at: int) -> str:
    """The name of an entry of the array, for problems: "text 1" is the first. No action has such a name."""
    return f"{TABLE} {at + 1}"


def is_text(name: str) -> bool:
    """Whether a name is one of ``name_of``."""
    return re.fullmatch(rf"{TABLE} \d+", name) is not None


def typed(text: str) -> str:
    r"""The text as the program gets it.

    Escapes: ``\r`` (Enter), ``\e`` (Escape), ``\t``, ``\n``, ``\b``, ``\a``, ``\f``, ``\v``, ``\\``, ``\xHH`` and
    ``\uHHHH`` (the character of this code).

    Raises:
        ValueError: an escape is unknown, or the text is empty or longer than ``MAX_CHARACTERS``.
    """

    def character(found: re.Match[str]) -> str:
        if code := found[1] or found[2]:
            number = int(code, 16)
            if 0xD800 <= number <= 0xDFFF:
                raise ValueError(f"'{found[0]}' is not a character")
            return chr(number)
        if found[3] not in _BY_LETTER:
            raise ValueError(f"unknown escape '{found[0]}'")
        return _BY_LETTER[found[3]]

    plain = _ESCAPE.sub(character, text)
    if not plain:
        raise ValueError("the text is empty")
    if len(plain) > MAX_CHARACTERS:
        raise ValueError(f"longer than {MAX_CHARACTERS} characters")
    return plain


def without_controls(text: str) -> str:
    """The text with its control characters as escapes, as in double quotes TOML has them."""
    return _CONTROL.sub(lambda found: _TO_LETTER.get(found[0]) or _by_code(found[0]), text)


def _by_code(character: str) -> str:
    return f"\\x{ord(character):02x}" if ord(character) < 0x100 else f"\\u{ord(character):04x}"


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: str
    keys: str | list[str] = ""


def read_text_keys(file: TomlFile) -> tuple[TextKey, ...]:
    """The entries of the file.

    Raises:
        ConfigError: an entry is invalid; with its line.
    """
    lines = [
        number for number, line in enumerate(file.text.splitlines(), 1) if re.match(r"\s*\[\[\s*text\s*\]\]", line)
    ]
    return _entries(file, file.values(), lines)


def _entries(file: TomlFile, values: Mapping[str, Any], lines: Sequence[int] = ()) -> tuple[TextKey, ...]:
    found = values.get(TABLE, [])
    if not isinstance(found, list):
        raise file.error((TABLE,), f"'{TABLE}' is not an action; keys that type a text are written as [[{TABLE}]]")
    known = []
    for at, value in enumerate(found):
        line = lines[at] if at < len(lines) else file.line_of((TABLE,))
        try:
            entry = msgspec.convert(value, _Entry)
            text = without_controls(entry.text)
            typed(text)
        except (msgspec.ValidationError, ValueError) as error:
            problem = str(error).partition(" - at ")[0].replace("`", "'")
            raise ConfigError(f"{file.path}:{line}: {name_of(at)}: {problem[:1].lower()}{problem[1:]}") from error
        keys = [entry.keys] if isinstance(entry.keys, str) else entry.keys
        known.append(TextKey(tuple(key for key in keys if key), text, line))
    return tuple(known)


def write_keys(
    path: Path, actions: Mapping[str, Value], known: Sequence[TextKey], wanted: Sequence[TextKey | None]
) -> None:
    """Write keys of actions and of texts; comments and order stay.

    Args:
        path: ``keys.toml``.
        actions: the changed keys of actions; None removes an entry.
        known: the entries of texts as the user saw them.
        wanted: the entry for each of ``known``, None to remove it; then new ones.

    Raises:
        ConfigError: the file cannot be read or written, or its entries of texts are not ``known`` any more.
    """
    import tomlkit  # Imported only when a setting is changed.

    with changed_document(path) as document:
        changes = [at for at, entry in enumerate(wanted) if at >= len(known) or entry != known[at]]
        present = _entries(TomlFile(path, ""), document.unwrap())
        if changes and (len(present) != len(known) or not all(map(TextKey.is_same, present, known))):
            raise ConfigError(f"{path}: changed meanwhile; nothing was changed")
        for action, value in actions.items():
            set_value(document, (action,), value)
        for at in reversed(changes):
            entry = wanted[at]
            if at >= len(known):
                continue
            if entry is None:
                del document[TABLE][at]
            else:
                if entry.keys != known[at].keys:
                    document[TABLE][at]["keys"] = _as_toml(entry.keys)
                if entry.text != known[at].text:
                    document[TABLE][at]["text"] = _quoted(entry.text)
        if not isinstance(document.get(TABLE), list) and len(wanted) > len(known):
            document[TABLE] = tomlkit.aot()
        for entry in filter(None, wanted[len(known) :]):
            is_inline = isinstance(document[TABLE], tomlkit.items.Array)
            table = tomlkit.inline_table() if is_inline else tomlkit.table()
            table.update(keys=_as_toml(entry.keys), text=_quoted(entry.text))
            document[TABLE].append(table)
        if TABLE in document and not document[TABLE]:
            del document[TABLE]


def _as_toml(keys: Sequence[str]) -> str | list[str]:
    return keys[0] if len(keys) == 1 else list(keys)


def _quoted(text: str) -> Any:
    import tomlkit

    return tomlkit.string(text, literal="'" not in text)
