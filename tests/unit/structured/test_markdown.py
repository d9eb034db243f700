"""A transcript as Markdown: readable, complete, and without anything that a viewer would load."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from session_host.protocol.values import Image
from session_host.structured.items import (
    AgentRequest,
    FileChange,
    Item,
    PlanEntry,
    Put,
    Question,
    RequestOpened,
    RequestOption,
    RequestResolved,
    StateChanged,
)
from session_host.structured.markdown import fenced, harmless, markdown_of
from session_host.structured.transcript import Transcript

_OPTIONS = (RequestOption("y", "Allow", "allow_once"), RequestOption("n", "Decline", "reject_once"))

_DOCUMENT = """# api-fix

codex, /src

## 1. Run \\*all\\* tests

*1970-01-01 00:00:00 UTC*

> Run *all* tests\x20\x20
> now

<details><summary>✓ Ran npm test (0, 3.2 s)</summary>

````text
a
```
b
````

</details>

**Run npm test?** → Allow, *1970-01-01 00:00:00 UTC*

<details open><summary>✓ Edited a.py (+1 −1)</summary>

```diff
--- a/a.py
+++ b/a.py
@@ -1 +1 @@
-x
+y
```

</details>

- [x] look
- [ ] mend

Done: `x`

## 2. Thanks

*1970-01-01 00:01:00 UTC*

> Thanks
"""


def chat(*items: Item) -> Transcript:
    transcript = Transcript()
    for item in items:
        transcript.apply(Put(item))
    transcript.apply(StateChanged("idle"))
    return transcript


def test_a_chat_has_a_heading_for_each_turn_and_folded_tools() -> None:
    transcript = chat(
        Item("1", "user", 0, text="Run *all* tests\nnow", status="done"),
        Item("2", "tool", 1_000, tool="execute", command="npm test", output="a\n```\nb", exit_code=0, ended_ms=4_200),
        Item("3", "tool", 5_000, tool="edit", changes=(FileChange("a.py", "@@ -1 +1 @@\n-x\n+y"),)),
        Item("4", "plan", 5_500, plan=(PlanEntry("look", "completed"), PlanEntry("mend"))),
        Item("5", "agent", 6_000, text="Done: `x`"),
        Item("6", "user", 60_000, text="Thanks", status="done"),
    )
    transcript.apply(RequestOpened(AgentRequest("r", "command", 900, "Run npm test?", "npm test", _OPTIONS, item="2")))
    transcript.apply(RequestResolved("r", "y", "Allow", "window", 950))
    assert "".join(markdown_of(transcript, title="api-fix", about="codex, /src")) == _DOCUMENT
    transcript.apply(
        RequestOpened(AgentRequest("s", "command", 1_000, "Run npm test?", "npm test", _OPTIONS, item="2"))
    )
    transcript.apply(RequestResolved("s", "y", "Allow", "window", 3_000))
    assert "Ran npm test (0, 1.2 s)" in "".join(markdown_of(transcript)), "without the time until it was allowed"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("A ![picture](http://x/y.png)", "A ! [picture](http://x/y.png)"),
        ("<img src='http://x'> and 1 < 2", "&lt;img src='http://x'> and 1 < 2"),
        ("`List<T>` stays", "`List<T>` stays"),
        ("`a` and \\`<img>`", "`a` and \\`&lt;img>`"),
        ("```html\n<img>\n```", "```html\n<img>\n```"),
        ("```py\nx = 1", "```py\nx = 1\n```"),
        ("1. Do:\n   ```sh\n   make\n     x\n   ```\n2. <b>", "1. Do:\n```sh\nmake\n  x\n```\n2. &lt;b>"),
        ("- ```\n  <i>\n  ```", "-\n```\n<i>\n```"),
        ("> ```\n> <i>\n> ```", "> \\```  \n> &lt;i>  \n> \\```"),
        ("one ` and\ntwo ` <img> `", "one ` and  \ntwo ` &lt;img> `"),
        ("✅ one\n✅ two\n\nthree", "✅ one  \n✅ two\n\nthree"),
        ("```md\n```sh\nls\n```\n<b>\n```\n<b>", "````md\n```sh\nls\n```\n<b>\n````\n&lt;b>"),
        ("a\u202eb", r"a\u202eb"),
        ("| ` | <img> | ` |", "| ` | &lt;img> | ` |"),
        ("| a<br>b<br/>c | d<BR />e |", "| a<br>b<br/>c | d<BR />e |"),
        ("a<br onload=x>b", "a&lt;br onload=x>b"),
    ],
)
def test_images_and_html_of_an_agent_become_text_and_code_stays(text: str, shown: str) -> None:
    assert harmless(text) == shown


_PIECES = st.lists(
    st.sampled_from(
        [
            "```",
            "~~~",
            "````",
            "`",
            "``",
            "<img src=x>",
            "![a](b)",
            "![a][b]",
            "<!--",
            "-->",
            "\\",
            "|",
            "> ",
            "- ",
            "1. ",
            "    ",
            "  ",
            "\n",
            "\n\n",
            "text",
            "[b]: http://x",
            "</details>",
            "# ",
        ]
    ),
    max_size=25,
)


@given(_PIECES)
def test_no_message_loads_anything_or_ends_within_an_open_block(pieces: list[str]) -> None:
    document = f"{harmless(''.join(pieces))}\n\n## The end\n"
    tokens = MarkdownIt("commonmark").enable("table").parse(document)
    assert [token.content for token in _all(tokens) if token.type in {"image", "html_block", "html_inline"}] == []
    assert tokens[-2].content == "The end"
    assert tokens[-3].type == "heading_open"


@given(st.text(alphabet="`~\n a", max_size=40))
def test_a_fence_is_longer_than_any_in_its_content(text: str) -> None:
    tokens = MarkdownIt("commonmark").parse(fenced(text, "text"))
    assert [token.type for token in tokens] == ["fence"]
    assert tokens[0].content == f"{text}\n"


def _all(tokens: Any) -> Any:
    for token in tokens:
        yield token
        yield from _all(token.children or ())


def test_a_question_is_exported_with_its_choices() -> None:
    transcript = chat(Item("1", "user", 0, text="go", status="done"))
    asked = Question("q", "Which <one>?", ("SQLite", "Postgres"), several=True, descriptions=("a file",))
    transcript.apply(RequestOpened(AgentRequest("r", "question", 1, "Which <one>?", "", _OPTIONS, questions=(asked,))))
    text = "".join(markdown_of(transcript))
    assert text.endswith(
        "\n\nWhich \\<one\\>? (several answers possible)\n\n- SQLite: a file\n- Postgres\n\n**Not answered yet.**\n"
    )


def test_an_open_request_is_shown_completely_at_the_end() -> None:
    transcript = chat(Item("1", "user", 0, text="go", status="done"))
    transcript.apply(
        RequestOpened(AgentRequest("r", "command", 1, "Run it?", "a\nb", _OPTIONS, reason="for <b>", complete=False))
    )
    text = "".join(markdown_of(transcript))
    assert text.endswith(
        "\n**Run it?**\n\n```sh\na\nb\n```\n\nfor \\<b\\>\n\n"
        "The agent did not report everything that would run: this can only be declined.\n\n**Not answered yet.**\n"
    )
    assert not re.search("[\x00-\x09\x0b-\x1f]", text)


def test_the_lines_of_a_prompt_stay_apart() -> None:
    prompt = "one\ntwo\n\nthree\n- four\n"
    document = "".join(markdown_of(chat(Item("p", "user", 0, text=prompt, status="done"))))
    quoted = "".join(line for line in document.splitlines(keepends=True) if line.startswith(">"))
    assert quoted == "> one  \n> two\n>\n> three  \n> - four\n"
    shown = MarkdownIt("commonmark").render(quoted)
    assert "<p>one<br />\ntwo</p>" in shown
    assert "<p>three</p>\n<ul>\n<li>four</li>" in shown


def test_pictures_of_the_agent_and_of_its_tools_are_named() -> None:
    images = (Image("image/png", bytes(2)),)
    document = "".join(
        markdown_of(
            chat(
                Item("a", "agent", 0, text="look", status="cut", images=images),
                Item("t", "tool", 0, title="Screenshot", status="done", images=images),
            )
        )
    )
    assert document.count("*image: image/png, 2 bytes*") == 2
    assert "look\n\n*image: image/png, 2 bytes*\n\n*(cut" in document


def test_an_image_stays_apart_from_the_prompt_before_it() -> None:
    images = (Image("image/png", bytes(2)), Image("image/gif", bytes(3)))
    document = "".join(markdown_of(chat(Item("p", "user", 0, text="look", status="done", images=images))))
    quoted = "".join(line for line in document.splitlines(keepends=True) if line.startswith(">"))
    shown = MarkdownIt("commonmark").render(quoted)
    assert "<p>look<br />\n<em>image: image/png, 2 bytes</em><br />\n<em>image: image/gif, 3 bytes</em></p>" in shown
