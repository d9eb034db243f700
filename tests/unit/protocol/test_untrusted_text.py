"""Text from others, made harmless before it is shown."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from session_host.protocol.untrusted_text import escaped, for_clipboard, one_line, place_last, plain

ORDER = {*map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A)])}
ASTRAY = ORDER | {*map(chr, [*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029])}
texts = st.text(st.one_of(st.characters(), st.sampled_from(sorted(ASTRAY))), max_size=60)


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


def test_an_error_names_the_problem_before_the_path() -> None:
    assert place_last("/a/b: the disk is full: free some") == "the disk is full: free some (/a/b)"
    for text in ("", "all is well", "engine: failed", "/a/b", "/a/b: "):
        assert place_last(text) == text
