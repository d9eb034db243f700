"""The files that a prompt mentions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.structured.mentions import mention, mentions, open_mention


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("src/a.py", "@src/a.py"),
        ("src/", "@src/"),
        ("Makefile", "@./Makefile"),
        (".env", "@./.env"),
        ("a b.txt", '@"a b.txt"'),
        ("app/(group)/page.tsx", '@"app/(group)/page.tsx"'),
        ("odd.", '@"odd."'),
        ("/etc/hosts", "@/etc/hosts"),
    ],
)
def test_a_path_is_mentioned_as_plainly_as_it_can_be(path: str, text: str) -> None:
    assert mention(path) == text


@given(st.text(st.characters(exclude_characters='"\n\0'), min_size=1))
def test_each_mention_is_found_among_other_words(path: str) -> None:
    [found] = mentions(f"see {mention(path)} and (this)")
    assert found.removeprefix("./") == path.removeprefix("./")


def test_what_is_no_path_is_no_mention() -> None:
    assert mentions("ask @alice or a@b.example, then look at @src/a.py, and @src/a.py again.") == ["src/a.py"]


def test_a_mention_without_its_second_quotation_mark_is_open() -> None:
    assert open_mention('look at @"my no') == '@"my no'
    assert open_mention('look at @"my notes" and') == ""
    assert open_mention('an e-mail@"x') == ""
