"""Cleans untrusted text that is shown outside the terminal grid.

Such text must not mislead the reader: control characters would control the terminal that shows them, and embeddings,
overrides and isolates of the bidirectional algorithm (UAX #9) would show the text, or adjacent text, in another order.
Joiners and marks stay: emoji and right-to-left scripts need them.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_ORDER = "\u202a-\u202e\u2066-\u2069"
_CONTROLS: Final = f"[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029{_ORDER}]"
"""Texts, not patterns: most commands need none of them, and the module ``re`` keeps those that were used."""
_CONTROLS_BUT_LINES: Final = f"[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029{_ORDER}]"
_INVISIBLE: Final = (
    "\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u202a-\u202f\u205f-\u206f\u2800"
    "\u2d7f\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001107f\U00013430-\U0001343f\U00013441\U00013442"
    "\U00016fe4\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Characters of Unicode 16 that fonts draw as nothing, or as a blank that is not the usual one.

These are Default_Ignorable_Code_Point, all spaces (category Zs) but U+0020, format characters (Cf) but those that are
drawn around numbers, and by their names: BLANK, FILLER, JOINER, NULL NOTEHEAD.
"""
_INVISIBLES: Final = f"[{_INVISIBLE}]"
_MISLEADING: Final = f"[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029{_INVISIBLE}]"
_UNSEEN_BEFORE: Final = f"\\A[\\s\\x00-\\x1f\\x7f-\\x9f\\u2800{_INVISIBLE}]+"
_SCHEME: Final = "[A-Za-z][A-Za-z0-9+.-]*:"
"""RFC 3986, 3.1; no other character may come before it."""
WEB_SCHEMES: Final = frozenset({"http", "https", "mailto"})
_LEFT_TO_RIGHT_MARK: Final = "\u200e"
_JOINERS: Final = "\u200c\u200d"
_EMOJI_SELECTORS: Final = "\ufe0e\ufe0f"
_SELECTORS: Final = frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0x180B, 0x1810), *range(0xE0100, 0xE01F0))))
_KEYCAPS: Final = frozenset("0123456789#*")
_MARKS: Final = "\u061c\u200e\u200f"
_NEAR: Final = 200
"""How far after a mark a right-to-left letter is looked for."""
_BRAILLE: Final = "".join(map(chr, range(0x2800, 0x2900)))
_JOINERS_AND_MARKS: Final = frozenset(f"\u200c\u200d\u200f{_LEFT_TO_RIGHT_MARK}")
MAX_NAME_CHARACTERS: Final = 200
MAX_TOPIC_CHARACTERS: Final = 80
MAX_PROMPT_TOPIC_CHARACTERS: Final = 56
_ASKING: Final = re.compile(
    r"^(?:(?:hi|hello|hey|please|ok|okay|so|now)\b[,!.]? +"
    r"|(?:can|could|would|will) you (?:please )?"
    r"|i(?: want|(?: would|['’]d) like| need) you to "
    r"|(?:let['’]s|let us|we (?:should|need to|have to)) "
    r"|help me (?:to )?)+",
    re.IGNORECASE,
)
"""The words before what a prompt asks for."""
_FIRST_PART: Final = re.compile(
    r".{12,55}?(?:\?(?=\s|$)|(?=[.;:!](?:\s|$)|,\s| [–—-] | (?:so that|because|but|then|which) ))"
)
"""The beginning of a sentence, up to the end of its first part."""
_CODE = re.compile(r"[/_=(){}<>;|\\]|\w\.\w")
_BEFORE_CODE = frozenset('/!{[<$`#|~"')
_FENCED = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_PROSE_SHARE = 0.7
MAX_MESSAGE_CHARACTERS: Final = 500
_RUNS: Final = f"{_CONTROLS}+"
_CONVERSATION: Final = "[A-Za-z0-9_][A-Za-z0-9_-]{0,127}"
_ESCAPES: Final = (
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[\[?][0-9;:?]*[ -/]*[@-~]|\x1b[()#][0-9A-Za-z]|\x1b[=>78cDEHMNOZ]"
    r"|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]"
)
_IN_CLIPBOARD: Final = "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029]"


def plain(text: str, limit: int, *, keep_lines: bool = False) -> str:
    """Truncate ``text`` and remove control, bidi and invisible characters.

    ``keep_lines`` keeps line feeds and tabs.
    """
    return re.sub(_CONTROLS_BUT_LINES if keep_lines else _CONTROLS, "", text)[:limit]


def from_first_visible(text: str) -> str:
    """The text without the blanks, control and invisible characters before its first visible one."""
    return re.sub(_UNSEEN_BEFORE, "", text)


def one_line(text: str) -> str:
    """The text in one line, with a blank in place of each run of misleading characters."""
    return re.sub(_RUNS, " ", text)


def as_message(text: str) -> str:
    """A message for the user from a process that may not be ours: one line of a bounded length."""
    return one_line(text[: 2 * MAX_MESSAGE_CHARACTERS]).strip()[:MAX_MESSAGE_CHARACTERS]


def is_name(text: str) -> bool:
    """Whether a text may be a chat's name: at most 200 printable characters, joiners and marks; one is visible.

    It does not begin with a dash, with which commands take it for an option.
    """
    is_short = len(text) <= MAX_NAME_CHARACTERS and not text.startswith("-")
    return is_short and _is_visible(text) and all(map(_may_be_in_name, text))


def as_name(text: str) -> str:
    """The chat's name in a text of the user, without the characters that a name may not have; "" for none."""
    name = _visible_words(text)
    return name if is_name(name) else ""


def _visible_words(text: str) -> str:
    """The words of a text, one line, without characters that mislead; "" if none is visible."""
    words = ("".join(filter(_may_be_in_name, word)) for word in one_line(text).split())
    name = " ".join(filter(None, words))[:MAX_NAME_CHARACTERS].strip()
    return name if _is_visible(name) else ""


def topic_of(text: str) -> str:
    """A chat's topic: the first line of a prompt or title that has words, without characters that mislead; or ""."""
    line = next((words for each in text.splitlines() if (words := _visible_words(each))), "")
    return _cut(line, MAX_TOPIC_CHARACTERS)


def topic_of_prompt(text: str) -> str:
    """A chat's topic by its first prompt: the first line that is prose; "" for only a command, JSON, code or paths.

    It is short, and no whole sentence: without the words that ask for it, and of a long one its first part.
    """
    lines = re.sub(_FENCED, "", text).splitlines()
    line = _visible_words(next(filter(_is_prose, map(_without_command, lines)), ""))
    asked = re.sub(_ASKING, "", line)
    line = asked[:1].upper() + asked[1:] if asked and asked != line else line
    if len(line) > MAX_PROMPT_TOPIC_CHARACTERS:
        part = re.match(_FIRST_PART, line)
        line = part[0] if part is not None else line
    return topic_of(_cut(line.rstrip(" .,;:"), MAX_PROMPT_TOPIC_CHARACTERS))


def _cut(line: str, limit: int) -> str:
    """A line of at most so many characters, cut between words."""
    if len(line) <= limit:
        return line
    words, blank, _cut_word = line[: limit - 1].rpartition(" ")
    return f"{words if blank else line[: limit - 1]}…"


def _without_command(line: str) -> str:
    """A line without the agent's command before its words: "/review the login" is "the login"."""
    command, _, rest = line.strip().partition(" ")
    return rest if command[:1] == "/" and "/" not in command[1:] else line


def _is_prose(line: str) -> bool:
    """Whether a line is words, and not code, data or a path: mostly letters, and most of its words are nothing else."""
    words = line.split()
    letters = sum(map(str.isalpha, line)) + len(words) - 1
    plain = [word for word in words if not _CODE.search(word)]
    is_mostly_letters = letters >= _PROSE_SHARE * len(line.strip())
    return bool(words) and line.strip()[0] not in _BEFORE_CODE and is_mostly_letters and 2 * len(plain) > len(words)


def _may_be_in_name(character: str) -> bool:
    return character.isprintable() or character in _JOINERS_AND_MARKS


def _is_visible(text: str) -> bool:
    return any(each.isprintable() and each != " " and not is_invisible(each) for each in text)


def without_escapes(text: str) -> str:
    """The text without escape sequences and control characters; a line that is written over keeps its last form."""
    text = re.sub(_ESCAPES, "", text).replace("\r\n", "\n")
    return "\n".join(line.rpartition("\r")[2] for line in text.split("\n"))


def place_last(text: str) -> str:
    """Move the path at the beginning of a line, ``/a/b: is full``, to its end, where it may be cut."""
    location, colon, what = text.partition(": ")
    return f"{what} ({location})" if colon and what and location.startswith("/") else text


def for_clipboard(text: str, limit: int) -> str:
    """At most ``limit`` characters of a text for a clipboard, without control characters; bidi characters stay."""
    return without_controls(text)[:limit]


def without_controls(text: str) -> str:
    """The text without control characters but line feeds and tabs; characters that mislead otherwise stay."""
    return re.sub(_IN_CLIPBOARD, "", text)


def escaped(text: str) -> str:
    """A text that the user approves, or JSON: misleading and invisible characters become their ``\\u`` escapes.

    In JSON, these mean the same. Line feeds and tabs stay.
    """
    return text if text.isascii() and text.isprintable() else re.sub(_MISLEADING, _escape, text)


def with_visible(text: str) -> str:
    """The text with ``\\u`` escapes in place of the characters that fonts do not draw."""
    return text if text.isascii() else re.sub(_INVISIBLES, _escape, text)


def legible(text: str) -> str:
    """An agent's words for a reader: misleading and invisible characters become their ``\\u`` escapes.

    Unlike in ``escaped``, blanks stay, and so do joiners, selectors and marks where an emoji or a script needs them.
    """
    return text if text.isascii() and text.isprintable() else re.sub(_MISLEADING, _escape_unless_needed, text)


def is_invisible(character: str) -> bool:
    """Whether fonts do not draw a character, although it may count as printable."""
    return re.match(_INVISIBLES, character) is not None


def _escape_unless_needed(match: re.Match[str]) -> str:
    character, text = match.group(), match.string
    before, after = text[: match.start()][-1:], text[match.end() : match.end() + 1]
    if character in _JOINERS:
        is_needed = _takes_joiners(before) and _takes_joiners(after)
    elif character in _SELECTORS:
        is_needed = character in _EMOJI_SELECTORS and (before in _KEYCAPS or _takes_joiners(before))
        is_needed = is_needed and before not in _SELECTORS
    elif character in _MARKS:
        line = text[text.rfind("\n", 0, match.start()) + 1 : match.start() + _NEAR].partition("\n")[0]
        is_needed = any(unicodedata.bidirectional(each) in {"R", "AL"} and each not in _MARKS for each in line)
    else:
        is_needed = unicodedata.category(character) == "Zs" or _is_braille(character, before, after)
    return character if is_needed else _escape(match)


def _takes_joiners(character: str) -> bool:
    """Whether a character may be joined to another one: no ASCII, and it is drawn, or selects how an emoji is."""
    return (
        bool(character) and not character.isascii() and (character in _EMOJI_SELECTORS or not is_invisible(character))
    )


def _is_braille(character: str, before: str, after: str) -> bool:
    """Whether a character is the blank among Braille patterns, with which programs draw."""
    return character == _BRAILLE[0] and any(bool(each) and each in _BRAILLE[1:] for each in (before, after))


def _escape(match: re.Match[str]) -> str:
    """JSON's escape of a character: above U+FFFF, those of two surrogates."""
    units = match.group().encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def scheme_of(uri: str) -> str:
    """The scheme of a printable address, in lower case; "" without one."""
    found = re.match(_SCHEME, uri)
    return found.group()[:-1].lower() if found is not None and uri.isprintable() else ""


def is_conversation(text: str) -> bool:
    """Whether an agent's conversation id may be in an argv: it cannot be mistaken for an option or a path."""
    return re.fullmatch(_CONVERSATION, text) is not None


def before_more(text: str) -> str:
    """A text that others follow in a line: digits after a right-to-left name would be drawn before it (UAX #9, W2)."""
    if text.isascii():
        return text
    directions = (unicodedata.bidirectional(character) for character in reversed(text))
    last = next((direction for direction in directions if direction in {"L", "R", "AL"}), "L")
    return text if last == "L" else text + _LEFT_TO_RIGHT_MARK
