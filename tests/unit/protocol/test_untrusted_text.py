"""Text from others, made harmless before it is shown."""

from __future__ import annotations

import json
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.protocol.untrusted_text import (
    as_name,
    before_more,
    escaped,
    for_clipboard,
    is_name,
    one_line,
    place_last,
    plain,
    topic_of,
    topic_of_prompt,
    with_visible,
)

ORDER = {*map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A)])}
ASTRAY = ORDER | {*map(chr, [*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029])}
texts = st.text(st.one_of(st.characters(), st.sampled_from(sorted(ASTRAY))), max_size=60)


@given(st.text())
def test_what_is_typed_becomes_a_valid_name_or_none(text: str) -> None:
    name = as_name(text)
    assert not name or is_name(name)
    assert as_name(name) == name


def test_a_name_does_not_begin_with_a_dash_and_a_topic_may() -> None:
    """Commands took such a name for an option."""
    for text in ("-x", "--help", "-", " -x", "\u200b-x"):
        assert (is_name(text.strip()), as_name(text)) == (False, ""), text
    assert (is_name("x-"), as_name(" a -b")) == (True, "a -b")
    assert topic_of("- mend the login") == "- mend the login"


def test_a_topic_is_the_first_line_that_has_words() -> None:
    assert topic_of("\n \x1b\u202e\n  fix\u202e the\texport \nplease") == "fix the export"
    assert topic_of("\x1b[m\n") == "[m"
    assert topic_of("") == topic_of("\u200d\n") == ""
    assert topic_of("word " * 40) == f"{'word ' * 14}word…"
    assert len(topic_of("w" * 300)) == 80


@pytest.mark.parametrize(
    ("prompt", "topic"),
    [
        ("Fix the export", "Fix the export"),
        ("hello", "hello"),
        ("Why does `fetch_all()` in src/client.py never end?", "Why does `fetch_all()` in src/client.py never end?"),
        ("/review the login", "the login"),
        ("/init", ""),
        ("!git status --short", ""),
        ("/home/ada/src/api/client.py", ""),
        ("src/api.py", ""),
        ('{"error": {"code": 429, "message": "slow down"}}', ""),
        ('{"error": 429}\nWhat does this mean?', "What does this mean?"),
        ("$ make check\n/src/a.py:12: error\nIt fails since today.", "It fails since today"),
        ("```python\nfor x in y:\n```\nExplain this loop", "Explain this loop"),
        ("直してください", "直してください"),
        ("Почини экспорт", "Почини экспорт"),
        ("<html><body>", ""),
        ("a1b2c3d4", ""),
    ],
)
def test_the_topic_of_a_prompt_is_its_first_prose(prompt: str, topic: str) -> None:
    assert topic_of_prompt(prompt) == topic


@pytest.mark.parametrize(
    ("prompt", "topic"),
    [
        ("Please fix the export", "Fix the export"),
        ("Hi, can you please have a look at the login?", "Have a look at the login?"),
        ("I'd like you to split the invoice table.", "Split the invoice table"),
        (
            "Make the retry loop bounded, and keep what its callers see. Look at all three callers first.",
            "Make the retry loop bounded",
        ),
        (
            "Why does the import stop after an hour? The log of it has nothing.",
            "Why does the import stop after an hour?",
        ),
        ("Rename the ledger so that it has the name that the users know it by", "Rename the ledger"),
        ("word " * 40, f"{'word ' * 10}word…"),
        ("Please", "Please"),
        ("so", "so"),
    ],
)
def test_a_topic_is_no_whole_sentence_and_begins_with_what_is_asked_for(prompt: str, topic: str) -> None:
    assert topic_of_prompt(prompt) == topic


def test_digits_stay_behind_a_right_to_left_name() -> None:
    for name in ("\u05e9\u05dc\u05d5\u05dd", "api/\u0645\u0631\u062d\u0628\u0627", "\u05e9 2"):
        assert before_more(name) == f"{name}\u200e"
    for name in ("", "main", "日本", "\u05e9 and more"):
        assert before_more(name) == name


def test_names_may_have_joiners_and_no_misleading_characters() -> None:
    for name in ("\U0001f469\u200d\U0001f4bb work", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "a" * 200):
        assert is_name(name)
        assert as_name(name) == name
    for text in ("", " ", "a\nb", "a\u202eb", "\x1b[m", "\udc80", "a" * 201, "\ufeff", "\u200d"):
        assert not is_name(text), ascii(text)
    assert as_name("two\nlines \u202ertl") == "two lines rtl"


@given(texts)
def test_only_misleading_characters_are_removed(text: str) -> None:
    assert plain(text, 100) == "".join(character for character in text if character not in ASTRAY)
    assert plain(text, 100, keep_lines=True) == "".join(c for c in text if c not in ASTRAY - {"\n", "\t"})
    assert len(plain(text, 7)) <= 7
    assert not ASTRAY & set(one_line(text))
    assert one_line(text).replace(" ", "") == plain(text, 100).replace(" ", "")
    assert for_clipboard(text, 100) == "".join(c for c in text if c not in ASTRAY - ORDER - {"\n", "\t"})


@given(st.recursive(texts, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)))
def test_escaped_json_has_the_same_value_and_is_harmless_on_a_terminal(value: object) -> None:
    for indent in (None, 2):
        shown = escaped(json.dumps(value, ensure_ascii=False, indent=indent))
        assert json.loads(shown) == value
        assert not (ASTRAY - {"\n"}) & set(shown)


INVISIBLE = [
    *"\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180e\u2000\u200b\u200d\u202e\u202f\u205f\u2064"
    "\u2800\u3000\u3164\ufe0f\ufeff\uffa0\U00013441\U0001d159\U000e0041\U000e01ef"
]


@pytest.mark.parametrize("character", INVISIBLE)
def test_characters_that_fonts_do_not_draw_are_shown_in_what_the_user_approves(character: str) -> None:
    shown = escaped(f"rm {character}-rf é 日本")
    assert character not in shown
    assert json.loads(f'"{shown}"') == f"rm {character}-rf é 日本"
    assert with_visible(f"a\r\n{character}") == f"a\r\n{escaped(character)}"


DRAWN_AROUND_NUMBERS = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
"""Unicode's Prepended_Concatenation_Mark."""


def test_of_all_characters_that_are_spaces_or_format_others_only_the_usual_blank_is_shown_as_it_is() -> None:
    blank = {"Cc", "Cf", "Zl", "Zp", "Zs"}
    found = {chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) in blank}
    shown = {each for each in found - set(map(chr, DRAWN_AROUND_NUMBERS)) if escaped(each) == each}
    assert shown == {" ", "\n", "\t"}


@pytest.mark.parametrize("blank", ["\u2800", "\u3164", "\u115f\u1160"])
def test_a_name_of_blanks_alone_is_none(blank: str) -> None:
    assert not is_name(blank)
    assert as_name(f" {blank} ") == ""
    assert is_name(f"a{blank}b")


def test_an_error_names_the_problem_before_the_path() -> None:
    assert place_last("/a/b: the disk is full: free some") == "the disk is full: free some (/a/b)"
    for text in ("", "all is well", "engine: failed", "/a/b", "/a/b: "):
        assert place_last(text) == text
