"""An answer in pieces of any size gives the same lines, and printed lines never change."""

from __future__ import annotations

import itertools
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.endpoint.terminal.markdown_stream import LONG_LINES, Block, Code, Markdown, MarkdownStream, clean
from session_host.endpoint.terminal.painting import Painter

ANSWER = """\
# A title

A paragraph of *some* words
over two lines.
- one
- two
  with `more`
  ```sh
  inner
  ```

1. first

2. second

```python
def f():

    return "```"
```
| a | b |
|---|---|
| 1 | 2 |

> quoted
> twice

~~~~
~~~
not the end
~~~~
the end"""


_STYLES = re.compile(r"\x1b\[[0-9;]*m")


def settled(pieces: list[str]) -> list[Block]:
    stream = MarkdownStream()
    blocks = [block for piece in pieces for block in stream.append(piece)]
    return blocks + stream.finish()


def painted(blocks: list[Block], columns: int = 40) -> list[str]:
    painter = Painter(columns)
    return [line for block in blocks for line in painter.block(block)]


def cut(text: str, places: list[int]) -> list[str]:
    ends = sorted({0, *places, len(text)})
    return [text[start:end] for start, end in itertools.pairwise(ends)]


def test_any_pieces_give_the_same_lines() -> None:
    expected = painted(settled(list(ANSWER)))
    chance = random.Random(1)
    for _ in range(30):
        pieces = cut(ANSWER, chance.sample(range(len(ANSWER)), chance.randint(0, 30)))
        assert painted(settled(pieces)) == expected


def test_nothing_of_the_text_is_lost() -> None:
    source = ""
    for block in settled(list(ANSWER)):
        if isinstance(block, Markdown):
            source += block.source
        else:
            source += "".join(f"{line}\n" for line in block.lines)
    for line in ANSWER.splitlines():
        if not line.startswith(("```", "~~~~")):
            assert line in source


def test_code_is_settled_line_by_line() -> None:
    stream = MarkdownStream()
    stream.append("```python\nx = 1\ny =")
    blocks = stream.append(" 2\n")
    assert [block.lines for block in blocks if isinstance(block, Code)] == [("y = 2",)]
    stream.append("``")
    assert stream.unfinished() is None, "it may become the end of the code"
    stream.append("z")
    unfinished = stream.unfinished()
    assert isinstance(unfinished, Code)
    assert unfinished.lines == ("``z",)


def test_a_paragraph_is_settled_when_another_follows() -> None:
    stream = MarkdownStream()
    assert stream.append("one\ntwo\n") == []
    assert [block.source for block in stream.append("\n") if isinstance(block, Markdown)] == ["one\ntwo\n"]


def test_a_long_paragraph_does_not_wait_for_its_end() -> None:
    lines = [f"line {number}\n" for number in range(200)]
    stream = MarkdownStream()
    blocks = [block for line in lines for block in stream.append(line)]
    assert stream.rest.count("\n") <= LONG_LINES
    painted_lines = painted([*blocks, *stream.finish()])
    assert painted_lines == [line.strip() for line in lines]


def test_list_items_are_settled_one_by_one_and_have_no_blank_lines_between() -> None:
    blocks = settled(["- a\n", "- b\n", "- c"])
    assert [block.spaced for block in blocks if isinstance(block, Markdown)] == [False, False, False]


def test_code_that_is_cut_off_is_kept() -> None:
    blocks = settled(["text\n```py\nx = 1\ny"])
    assert [line for block in blocks if isinstance(block, Code) for line in block.lines] == ["x = 1", "y"]
    assert isinstance(blocks[-1], Code)
    assert blocks[-1].closes


@given(
    st.lists(
        st.sampled_from(["```", "\n", "- ", "1. ", "> ", "a", " ", "    ", "#", "|", "---", "~~~", "*", "\t", "<p>"])
    )
)
def test_any_markdown_is_settled_and_drawn(pieces: list[str]) -> None:
    painter = Painter(20)
    stream = MarkdownStream()
    for piece in pieces:
        for block in stream.append(clean(piece)):
            painter.block(block)
        painter.unfinished(stream.unfinished())
    for block in stream.finish():
        painter.block(block)
    assert stream.rest == ""


@given(st.text(), st.integers(1, 30))
def test_any_text_is_settled_and_fits_the_width(text: str, columns: int) -> None:
    painted([*settled([clean(text)])], columns)


@pytest.mark.parametrize("text", ["\x1b]2;no\x07", "a\x1b[31mred", "\x9b31m", "one\rtwo", "\x00"])
def test_a_model_cannot_control_the_terminal(text: str) -> None:
    for line in painted(settled([clean(f"{text}\n```\n{text}\n```")])):
        bare = line.replace("\x1b[2m", "").replace("\x1b[0m", "")
        assert "\x1b" not in bare
        assert bare.isprintable()


def test_the_html_tag_of_a_line_break_breaks_a_line() -> None:
    text = "one<br>two<BR />three `a<br>b`\n\n| a | b |\n|---|---|\n| 1<br>2 | x |\n"
    lines = [_STYLES.sub("", line).split() for line in painted(settled([text]))]
    assert lines[:3] == [["one"], ["two"], ["three", "a<br>b"]]
    assert lines[-2:] == [["1", "x"], ["2"]]


def test_html_is_shown_as_it_is_written() -> None:
    assert "<b>bold</b>" in "\n".join(painted(settled(["<div>\n<b>bold</b>\n</div>"])))
