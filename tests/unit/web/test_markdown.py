"""What an agent writes cannot become a part of the page that does something."""

from __future__ import annotations

import pytest

from session_host.web.markdown import html_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<script>x</script>", "&lt;script&gt;"),
        ("<img src=x onerror=y>", "&lt;img"),
        ("[a](javascript:alert(1))", "[a](javascript:alert(1))"),
        ("[a](data:text/html,x)", "[a](data:text/html,x)"),
        ("[a](file:///etc/passwd)", "[a](file:///etc/passwd)"),
        ("[a](src/a.py)", '<span class="path">a</span>'),
        ("![p](http://e/p.png)", '<span class="path">p</span>'),
        ('[a](https://e/?"onclick=x)', 'href="https://e/?%22onclick=x"'),
        ("a\u202eb\x1b[31m", r"a\u202eb\u001b[31m"),
        ("a&#x202e;b", r"a\u202eb"),
        ("✅ one\n✅ two", "✅ one<br />\n✅ two"),
        ("```md\n```sh\nls\n```\nmore\n```\nend", "ls\n```\nmore\n</code></pre>\n<p>end</p>"),
    ],
)
def test_no_html_picture_or_script_of_a_text_reaches_the_page(text: str, expected: str) -> None:
    html = html_of(text)
    assert expected in html
    assert not any(
        sign in html for sign in ("<script", "<img", "onerror=y>", 'href="javascript', 'href="data', "\u202e")
    )


def test_links_of_the_web_are_marked_so_that_the_page_asks_first() -> None:
    html = html_of("[a](https://e.org/x) and <https://f.org>")
    assert html.count('<a class="out" href="https://') == 2
    assert html.count("</a>") == 2


def test_a_table_has_classes_in_place_of_styles() -> None:
    html = html_of("| a | b |\n|---|--:|\n| 1 | 2 |")
    assert '<th class="right">' in html
    assert "style=" not in html


def test_a_long_text_is_cut_and_says_so() -> None:
    html = html_of("x " * 200_000)
    assert len(html) < 250_000
    assert "The rest is left out" in html
