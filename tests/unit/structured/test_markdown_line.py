"""A line of Markdown without its marks."""

from __future__ import annotations

import pytest

from session_host.structured.markdown_line import plain_text


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("Fix the **login** in `auth.py`", "Fix the login in auth.py"),
        ("# Heading then text", "Heading then text"),
        ("see [the guide](https://example.org/a_b) and ~~this~~ *that*", "see the guide and this that"),
        ("#define X, 2 * 3 * 4, a_b_c, C# and F#", "#define X, 2 * 3 * 4, a_b_c, C# and F#"),
        ("`a **b** c`: ``x`y``", "a **b** c: x`y"),
        ("1. first, then <b>bold</b> &amp; more_", "1. first, then <b>bold</b> &amp; more_"),
        ("an open ` and ** mark", "an open ` and ** mark"),
        ("", ""),
    ],
)
def test_a_line_has_no_marks(line: str, shown: str) -> None:
    assert plain_text(line) == shown
