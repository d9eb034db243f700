r"""Formulas stay as they were written: "\(", "\," and "\\" are no escapes in them."""

from __future__ import annotations

import pytest

from gui.chat.content.markdown import MarkdownText
from session_host.structured.markdown_line import plain_text


def texts(markdown: str) -> list[str]:
    """The paragraphs in a chat view, which are the same while the answer grows."""
    growing = MarkdownText()
    for end in range(1, len(markdown)):
        growing.segments(markdown[:end])
    segments = growing.segments(markdown)
    assert [each.text for each in segments] == [each.text for each in MarkdownText().segments(markdown)]
    return [each.text for each in segments]


@pytest.mark.parametrize(
    "formula",
    [r"\(a_1 + b_2\)", r"\[ x \, y \]", r"$$\frac{a}{b} \\ \{c\}$$", r"$\{x\}$", "$x^*y^*$", r"\(f(x) \geq *1*\)"],
)
def test_a_formula_in_a_line_is_shown_as_written(formula: str) -> None:
    line = rf"An **answer** with {formula}, and 6 \* 7"
    shown = f"An answer with {formula}, and 6 * 7"
    assert texts(line) == [shown]
    assert plain_text(line) == shown


@pytest.mark.parametrize(("begin", "end"), [(r"\[", r"\]"), ("$$", "$$")])
def test_a_formula_of_several_lines_keeps_them(begin: str, end: str) -> None:
    formula = f"{begin}\n\\begin{{pmatrix}} a & b \\\\\n- c & d \\end{{pmatrix}}\n= \\{{e\\}}\n{end}"
    assert texts(f"So:\n{formula}\nand *more*") == ["So:", formula[len(begin) + 1 : -len(end) - 1], "and more"]
    indented = formula.replace("\n", "\n  ")
    assert texts(f"- {indented}\n- other") == [formula, "other"]
    assert texts(f"{formula.removesuffix(end)}\n\n- an *entry*")[1:] == ["an entry"], "it is incomplete"


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        (r"costs $5, **really** 6$ and \$7 \* 2", "costs $5, really 6$ and $7 * 2"),
        ("echo $HOME_DIR and *$PATH*", "echo $HOME_DIR and $PATH"),
        (r"\(not *closed*, `\)` is code", r"(not closed, \) is code"),
        ("$$ is the number of **the** shell", "$$ is the number of the shell"),
        (r"C:\\new \\(x\\)", r"C:\new \(x\)"),
    ],
)
def test_what_is_no_formula_is_read_as_markdown(markdown: str, shown: str) -> None:
    assert texts(markdown) == [shown]
