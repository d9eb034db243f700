"""Items of a transcript as segments of text, without widgets."""

from __future__ import annotations

import base64
import html
from datetime import UTC, datetime
from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtWidgets import QApplication

from gui.chat.content import ansi, highlighting
from gui.chat.content.items import ItemRequests, Mode, segments
from gui.chat.content.markdown import MarkdownText
from gui.chat.content.segments import (
    Code,
    Face,
    FoldLine,
    NamedPicture,
    Paragraph,
    QuietLine,
    Segment,
    Table,
    as_markdown,
    as_plain,
    cut,
)
from gui.chat.content.turn_steps import Folding
from gui.chat.page.endings import turn_footer, with_ending
from gui.chat.pictures import decode
from gui.wording import chat_texts, phrases
from session_host.protocol.turns import TurnFacts
from session_host.protocol.untrusted_text import legible
from session_host.protocol.values import Image
from session_host.structured.items import AgentRequest, Item, Put, RequestResolved, StateChanged, TurnOver
from session_host.structured.transcript import Transcript
from session_host.structured.turns import turn_at
from tests.support.qt_waiting import process_events_until

MESSAGE = """# Title

One *two* **three** `four` [five](https://example.org) ~~six~~
goes on.

1. first
2. second
   - inner

   more of second

- [x] done
- [ ] open

> quoted

| a | b |
|---|--:|
| 1 | `x` |

```python
def f():
    return 1
```

---

The [end][ref] https://example.org/a.

[ref]: https://example.org/ref
"""


def read(text: str) -> list[Segment]:
    return MarkdownText().segments(text)


def test_markdown_becomes_headings_lists_tables_and_code() -> None:
    blocks = read(MESSAGE)
    heading, text, first, second, inner, more, done, open_, quoted, table, code, _rule, end = blocks
    assert isinstance(heading, Paragraph)
    assert heading.level == 1
    assert text.text == "One two three four five six\ngoes on."
    assert [(each.marker, each.indent) for each in (first, second, inner) if isinstance(each, Paragraph)] == [
        ("1.", 1),
        ("2.", 1),
        ("•", 2),
    ]
    assert isinstance(more, Paragraph)
    assert (more.marker, more.indent) == ("", 1)
    assert [each.marker for each in (done, open_) if isinstance(each, Paragraph)] == ["☑", "☐"]
    assert quoted.quotes == 1
    assert isinstance(table, Table)
    assert table.text == "a\tb\n1\tx"
    assert isinstance(code, Code)
    assert code.text == "def f():\n    return 1"
    assert isinstance(end, Paragraph)
    assert [run.link for run in end.runs if run.link] == ["https://example.org/ref", "https://example.org/a"]


def test_html_and_images_are_shown_as_text_and_links() -> None:
    blocks = read(
        '<img src="http://example.org/x.png"> and <script>alert(1)</script>\n\n'
        "![a picture](http://example.org/y.png)\n\nor ![this](http://example.org/y.png)"
    )
    assert "<script>alert(1)</script>" in blocks[0].text
    _, picture, among = blocks
    assert picture == NamedPicture("a picture", source="http://example.org/y.png")
    assert isinstance(among, Paragraph)
    assert [(run.text, run.link) for run in among.runs][1:] == [("this", "http://example.org/y.png")]


def test_a_line_break_of_html_breaks_the_line_also_in_a_table_and_is_copied() -> None:
    source = "one<br>two<BR />\nthree `a<br>b` \\<br> <br/>\n\n| a | b |\n|---|---|\n| 1<br>2 | x |\n"
    text, table = read(source)
    assert text.text == "one\ntwo\nthree a<br>b <br> ", "code and an escaped tag stay, and the end breaks no line"
    assert isinstance(table, Table)
    assert [[run.text for run in cell] for cell in table.rows[1]] == [["1", "\n", "2"], ["x"]]
    assert table.text == "a\tb\n1 2\tx", "each row is one line of the text"
    assert as_markdown(read("one<br>two\\\nthree")) == "one  \ntwo  \nthree"
    assert read(as_markdown([table])) == [table]


@given(st.data())
def test_a_streamed_message_reads_like_a_complete_one(data: st.DataObject) -> None:
    line = st.sampled_from(
        [
            "text of a paragraph",
            "",
            "- entry",
            "  - inner",
            "2. number",
            "> quote",
            "```python",
            "```",
            "    code",
            "# head",
            "| a | b |",
            "|---|---|",
            "---",
            "~~~",
            "  goes on",
            "[x]: http://a.b",
            "see [x]",
            "<b>",
            "\n".join(["| a | b |", "|---|---|", *("| 1 | `2` |" for _ in range(40))]),
        ]
    )
    text = "\n".join(data.draw(st.lists(line, max_size=25)))
    streamed = MarkdownText()
    place = 0
    while place < len(text):
        place += data.draw(st.integers(1, max(len(text) - place, 1)))
        streamed.segments(text[:place])
    whole = read(text)
    now = streamed.segments(text)
    assert [each.text for each in now] == [each.text for each in whole]
    assert [each.indent for each in now] == [each.indent for each in whole]


def read_letter_by_letter(text: str) -> list[Segment]:
    streamed = MarkdownText()
    for end in range(1, len(text)):
        streamed.segments(text[:end])
    return streamed.segments(text)


def links_of(paragraphs: list[Segment]) -> list[str]:
    return [run.link for each in paragraphs if isinstance(each, Paragraph) for run in each.runs if run.link]


def test_the_definition_of_a_link_counts_for_the_text_before_it_and_only_once_it_is_whole() -> None:
    text = "As [here][1].\n\nA second paragraph.\n\n- entry\n\n[1]: https://example.org/a/page\n"
    now = read_letter_by_letter(text)
    assert now == read(text)
    assert links_of(now) == ["https://example.org/a/page"]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("at https://en.wikipedia.org/wiki/Foo_(bar).", "https://en.wikipedia.org/wiki/Foo_(bar)"),
        ("(see https://example.org/a)", "https://example.org/a"),
        ("see https://example.org/a_b/, then", "https://example.org/a_b/"),
        ("the page **https://example.org/a**.", "https://example.org/a"),
        ("見 https://example.org/a。次", "https://example.org/a"),
        ("mailto:a@example.org or file:///etc/hosts", ""),
    ],
)
def test_a_bare_address_ends_where_the_sentence_goes_on(text: str, address: str) -> None:
    assert "".join(links_of(read(text))) == address


def test_what_is_no_definition_of_a_link_in_the_end_does_not_make_one() -> None:
    text = "A note[^1].\n\nA second paragraph.\n\n[^1]: The note itself.\n"
    now = read_letter_by_letter(text)
    assert now == read(text)
    assert links_of(now) == []


@pytest.mark.parametrize(("line", "quotes"), [("Some `code` {}.\n\n", 0), ("> Some `code` {}.\n>\n", 1)])
def test_only_the_end_of_a_long_message_is_read_again(line: str, quotes: int) -> None:
    text = "".join(line.format(number) for number in range(500))
    message = MarkdownText()
    before = list(message.segments(text))
    after = message.segments(text + line.format("more"))
    assert all(one is other for one, other in zip(before[:-1], after, strict=False))
    assert [each.quotes for each in after] == [quotes] * 501


def test_a_long_table_keeps_its_columns_and_is_copied_as_one() -> None:
    text = "| a | b |\n|---|---|\n" + "".join(f"| {number} | `x{number}` |\n" for number in range(200))
    text += "| 200 | a longer cell |\n\nThe end."
    found = read(text)
    tables = [each for each in found if isinstance(each, Table)]
    assert len(tables) == len(found) - 1 > 5
    assert [each.first for each in tables] == [True, *[False] * (len(tables) - 1)]
    assert [each.last for each in tables] == [*[False] * (len(tables) - 1), True]
    assert {tuple(cell[0].text for cell in each.longest) for each in tables} == {("100", "a longer cell")}
    assert as_plain(found).split("\n")[:3] == ["a\tb", "0\tx0", "1\tx1"]
    assert read(as_markdown(found)) == found, "the segments are one table again"


def tool(**fields: object) -> list[Segment]:
    item = Item("i1", "tool", 1000, tool="execute", **fields)  # type: ignore[arg-type]
    return segments(item, Mode(), MarkdownText(), ItemRequests())


@pytest.mark.parametrize(
    ("prompt", "lead"),
    [
        ("Refuse used tokens. Then test it.", "Refuse used tokens."),
        ("Search finds it, but not “St. Gallen” here. Why?", "Search finds it, but not “St. Gallen” here."),
        ("Mind the limits, e.g. the size! And go on.", "Mind the limits, e.g. the size!"),
        ("Fix it. And then go on with the rest. Now.", "Fix it. And then go on with the rest."),
    ],
)
def test_a_prompts_first_sentence_is_in_weight(prompt: str, lead: str) -> None:
    [paragraph] = segments(Item("p", "user", 1, text=prompt, status="done"), Mode(), MarkdownText(), ItemRequests())
    assert isinstance(paragraph, Paragraph)
    assert "".join(run.text for run in paragraph.runs if run.face & Face.LEAD) == lead


def test_a_tool_call_is_one_line_until_it_is_unfolded() -> None:
    item = Item("i1", "tool", 1000, tool="execute", command="make", output="all good\n", exit_code=0, ended_ms=3400)
    [line] = segments(item, Mode(), MarkdownText(), ItemRequests())
    assert isinstance(line, FoldLine)
    assert (line.text, line.detail, line.folded) == ("make", "2.4 s", True)
    unfolded = segments(item, Mode(unfolded=True), MarkdownText(), ItemRequests())
    assert [each.text for each in unfolded[1:]] == ["make", "all good"]


def test_a_failed_command_shows_its_exit_code() -> None:
    [line] = tool(command="make", exit_code=2, status="failed")
    assert isinstance(line, FoldLine)
    assert (line.detail, line.tone) == ("exit 2", "failed")


def test_long_output_is_cut_in_the_middle_until_the_user_shows_all() -> None:
    output = "".join(f"line {number}\n" for number in range(1000))
    item = Item("i1", "tool", 1000, output=output)
    blocks = segments(item, Mode(unfolded=True), MarkdownText(), ItemRequests())
    shown = "\n".join(each.text for each in blocks)
    assert "line 0" in shown
    assert "line 999" in shown
    assert "line 500" not in shown
    [hidden] = [each for each in blocks if isinstance(each, QuietLine)]
    assert hidden.text.startswith("960")
    assert hidden.buttons[0].action.kind == "show_all"
    whole = segments(item, Mode(unfolded=True, whole=True), MarkdownText(), ItemRequests())
    assert "\n".join(each.text for each in whole[1:]) == output.removesuffix("\n")


def test_colours_of_output_are_kept_and_other_sequences_left_out() -> None:
    runs = ansi.runs("\x1b]0;title\x07\x1b[31;1mred\x1b[0m plain\x1b[2K\x1b[38;5;208m o\x1b[38;2;1;2;3mx")
    assert [(run.text, run.color, bool(run.face & Face.BOLD)) for run in runs] == [
        ("red", "ansi1", True),
        (" plain", "", False),
        (" o", "#ff8700", False),
        ("x", "#010203", False),
    ]


def test_a_progress_bar_shows_its_last_state() -> None:
    assert "".join(run.text for run in ansi.runs("10 %\r50 %\r100 %\ndone\r\n")) == "100 %\ndone\n"


def test_characters_that_hide_a_part_of_a_command_are_made_visible() -> None:
    assert legible("rm \u202e-rf\x1b[8m ~\u200b") == "rm \\u202e-rf\\u001b[8m ~\\u200b"


def test_a_selection_is_copied_as_markdown_and_as_plain_text() -> None:
    blocks = read(MESSAGE)
    assert "## " not in as_plain(blocks)
    copied = as_markdown(blocks)
    assert "# Title" in copied
    assert "**three**" in copied
    assert "| 1 | `x` |" in copied
    assert "- [x] done" in copied
    assert [each.text for each in read(copied)] == [each.text for each in blocks]
    assert as_plain([cut(blocks[1], 4, 13)]) == "two three"


@pytest.mark.parametrize("text", ["plain", "wide 😀 letters", "ß ſ İ"])
def test_a_part_of_any_text_can_be_cut(text: str) -> None:
    whole = Paragraph(text)
    units = len(text.encode("utf-16-le")) // 2
    assert cut(whole, 0, units).text == text


def test_code_is_highlighted_once_its_language_is_loaded(qapp: QApplication) -> None:
    highlighting.spans("def f(): return 'x'", "python")
    process_events_until(lambda: highlighting.lexers().get("python") is not None, 60.0, "the language to be loaded")
    spans = highlighting.spans("def f(): return 'x'", "python")
    assert [span.color for span in spans] == ["keyword", "function", "keyword", "string"]
    assert highlighting.spans("text", "no language at all") == ()


def test_the_last_line_of_a_diff_has_its_colour(qapp: QApplication) -> None:
    highlighting.spans("+", "diff")
    process_events_until(lambda: highlighting.lexers().get("diff") is not None, 60.0, "the language to be loaded")
    spans = highlighting.spans("-old\n+new", "diff")
    assert [(each.start, each.length, each.color) for each in spans] == [(0, 4, "deleted"), (5, 4, "string")]


def test_the_duration_of_a_command_does_not_count_the_time_before_it_was_allowed() -> None:
    item = Item("1", "tool", 1_000, status="done", tool="execute", command="make", ended_ms=163_000, exit_code=0)
    answer = RequestResolved("r", "allow", "Allow", "notification", 160_000)
    request = AgentRequest("r", "command", 1_000, "Run make?", "make", item="1")
    [head] = segments(item, Mode(), MarkdownText(), ItemRequests(answered=((request, answer),)))
    assert isinstance(head, FoldLine)
    assert head.detail == f"3.0 s · {chat_texts.time_of(160_000)}"
    assert head.text == "Allowed make · in a notification", "told once, in place of its title"


def test_the_line_that_an_idle_agent_was_ended_does_not_take_the_duration_of_its_last_turn() -> None:
    transcript = Transcript()
    transcript.apply(Put(Item("a1", "agent", 6000, "Done.", "done", "p1", ended_ms=80_000)))
    assert last_message(transcript) == 0, "of an earlier chat, while the agent starts"
    transcript.apply(StateChanged("idle"))
    assert last_message(transcript) == 0
    transcript.apply(Put(Item("n1", "notice", 90_000, text="The agent was idle and has been ended.")))
    assert last_message(transcript) == 0
    transcript.apply(StateChanged("running", "p1"))
    assert last_message(transcript) < 0


def last_message(transcript: Transcript) -> int:
    return Folding(turn_at(transcript, 0)).last_message


def test_an_answer_of_an_earlier_chat_has_its_time_and_duration() -> None:
    transcript = Transcript()
    for change in (
        Put(Item("p1", "user", 1_795_348_800_000, "prompt", "done", "t1")),
        Put(Item("a1", "agent", 1_795_348_801_000, "answer", "done", "t1")),
        TurnOver("t1", "completed", at_ms=1_795_348_875_000),
    ):
        transcript.apply(change, 1_895_000_000_000)
    ended = datetime.fromtimestamp(1_795_348_875, UTC)
    time = phrases.told_time(ended, datetime.now(UTC))
    assert turn_footer(turn_at(transcript, 1), "a1").label == f"{time} · 1 min 15 s"


@pytest.mark.parametrize(("outcome", "line"), [("cut", "The agent ended here"), ("interrupted", "Interrupted")])
@pytest.mark.parametrize("in_call", [True, False])
def test_a_turn_that_stopped_says_so_once_in_its_tool_call_or_below(
    outcome: Literal["cut", "interrupted"], line: str, in_call: bool
) -> None:
    call = Item("i1", "tool", 1000, title="make", tool="execute", command="make", status=outcome if in_call else "done")
    head, *below = with_ending(
        segments(call, Mode(), MarkdownText(), ItemRequests()), TurnFacts(outcome=outcome), call, ""
    )
    assert isinstance(head, FoldLine)
    assert [head.detail, *(each.text for each in below)] == ([line] if in_call else ["", line])


def test_a_call_that_failed_shows_the_end_of_its_output() -> None:
    output = "\n".join(f"line {number}" for number in range(40)) + "\nFAILED one\n1 failed\n"
    item = Item("i1", "tool", 1000, tool="execute", title="pytest", command="pytest", output=output, status="failed")
    head, last = segments(item, Mode(), MarkdownText(), ItemRequests())
    assert isinstance(head, FoldLine)
    assert head.folded
    assert isinstance(last, Code)
    assert last.text == "39 lines hidden\nline 39\nFAILED one\n1 failed"
    assert not last.title, "nothing lies over its lines"
    assert not last.copies, "only the end would be copied"
    [folded] = segments(item, Mode(unfolded=False), MarkdownText(), ItemRequests())
    assert folded == head, "the user folded it"
    fine = msgspec.structs.replace(item, status="done")
    assert len(segments(fine, Mode(), MarkdownText(), ItemRequests())) == 1


PIXEL = bytes.fromhex("47494638396101000100800000ff000000000021f90401000000002c00000000010001000002024401003b")
"""A picture of one pixel."""


def test_a_picture_that_a_message_has_itself_is_drawn_at_once() -> None:
    source = f"data:image/gif;base64,{base64.b64encode(PIXEL).decode()}"
    text = f"![The plot]({source})\n\nIt is ![]({source}) here.\n\n- ![](a/b.png)\n\n![](data:image/png;base64,a)"
    drawn, sentence, below, entry, listed, damaged = MarkdownText().segments(text)
    assert isinstance(drawn, NamedPicture)
    assert drawn.image == Image("image/gif", PIXEL)
    assert drawn.image is not None
    assert decode(drawn.image) is not None
    assert (sentence.text, as_markdown([drawn])) == ("It is Image here.", f"![The plot]({source})")
    assert isinstance(below, NamedPicture)
    assert (below.text, below.image) == ("Image", drawn.image)
    assert isinstance(entry, Paragraph)
    assert (entry.text, entry.marker) == ("", "•")
    assert listed == NamedPicture("b.png", 1, source="a/b.png"), "the entry of a list has a box, too"
    assert isinstance(damaged, NamedPicture)
    assert damaged.image is not None
    assert decode(damaged.image) is None


def test_what_describes_a_figure_is_one_block() -> None:
    long = "\n".join(f"A --> B{number}" for number in range(60))
    text = f"```mermaid\n{long}\n```\n\n```python\nx\n```\n\n$$x^2$$\n\n\\[y\\]\n\n$$a$$ is $$b$$"
    found = [segment for segment in MarkdownText().segments(text) if isinstance(segment, Code)]
    assert [segment.language for segment in found] == ["mermaid", "python", "math", "math"]
    assert found[0].text == long


def test_a_line_end_in_a_message_is_a_line_end() -> None:
    checks, *_, entry = MarkdownText().segments("✅ built\n✅ tested\n\n- one\n  more")
    assert (checks.text, entry.text) == ("✅ built\n✅ tested", "one\nmore")


def test_a_block_of_markdown_has_its_own_blocks_of_code() -> None:
    text = "```markdown\n# Use\n```bash\nmake\n```\nDone.\n```\n\nThat is *it*."
    block, after = MarkdownText().segments(text)
    assert block.text == "# Use\n```bash\nmake\n```\nDone."
    assert after.text == "That is it."
    assert MarkdownText().segments(as_markdown([block]))[0] == block, "copied, too"
    grown = MarkdownText()
    assert [grown.segments(text[:end]) for end in range(len(text) + 1)][-1] == [block, after]


@pytest.mark.parametrize("sign", ["\u202e", "&#x202e;", "\u200b", "\u00ad", "\U000e0041"])
def test_what_is_not_seen_in_a_message_is_shown_and_turns_no_address_round(sign: str) -> None:
    text = f"See {sign}https://good.example/{sign}moc.live and `{sign}` and [{sign}x](http://a.b/{sign})."
    found = MarkdownText().segments(f"{text}\n\n```\n{sign}\n```\n\n| {sign} |\n|---|\n| {sign} |")
    assert "\\u" in found[0].text
    plain_sign = html.unescape(sign)
    for segment in found:
        runs = segment.runs if isinstance(segment, Paragraph) else ()
        is_source = isinstance(segment, Code)  # Of a block of code, an entity is what it says.
        assert plain_sign not in segment.text + "".join(run.text + run.link for run in runs), is_source


def test_emoji_and_scripts_keep_the_joiners_that_they_need() -> None:
    for text in ("⚠️ 👩\u200d👩\u200d👧 1️⃣", "می\u200cخواهم \u200f.", "क्\u200dष", "10\u00a0000", "⠁⠀⠁"):
        assert legible(text) == text
