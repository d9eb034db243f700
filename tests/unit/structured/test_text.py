"""A transcript as text: requests are complete, long output is folded, and it is harmless in a terminal."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from session_host.protocol.messages import Peek
from session_host.protocol.values import Image
from session_host.structured.items import (
    AgentRequest,
    FileChange,
    Item,
    ItemKind,
    PlanEntry,
    Put,
    Question,
    RequestOpened,
    RequestOption,
    RequestResolved,
    StateChanged,
    TurnOver,
)
from session_host.structured.text import TextLine, all_lines, item_lines, last_lines, request_lines, screen_of
from session_host.structured.transcript import Transcript

_OPTIONS = (
    RequestOption("y", "Allow", "allow_once"),
    RequestOption("a", "Always allow", "allow_always"),
    RequestOption("n", "Decline", "reject_once"),
)
_PATCH = "@@ -1,2 +1,2 @@\n-old\n+new\n same"


def texts(lines: list[TextLine]) -> list[str]:
    return [line.text for line in lines]


def test_the_duration_of_a_command_begins_when_it_is_allowed() -> None:
    transcript = chat()
    transcript.apply(RequestOpened(AgentRequest("r", "command", 2_000, "Run it?", "npm test", _OPTIONS, item="3")))
    transcript.apply(RequestResolved("r", "y", "Allow", "window", 4_000))
    assert "✓ Ran npm test (0, 1.2 s)" in texts(all_lines(transcript))


def chat() -> Transcript:
    transcript = Transcript()
    for item in (
        Item("1", "user", 1_000, text="run the tests\nall of them", status="done"),
        Item("2", "thought", 1_100, text="**Think**\nfirst\nsecond", status="done"),
        Item(
            "3",
            "tool",
            2_000,
            tool="execute",
            command="npm test",
            output="one\ntwo\n",
            exit_code=0,
            status="done",
            ended_ms=5_200,
        ),
        Item("4", "tool", 6_000, tool="edit", changes=(FileChange("a.py", _PATCH),), status="done"),
        Item("5", "plan", 6_500, plan=(PlanEntry("look", "completed"), PlanEntry("mend", "in_progress"))),
        Item("6", "agent", 7_000, text="# Done\n\nAll pass.", status="done"),
    ):
        transcript.apply(Put(item))
    transcript.apply(StateChanged("idle"))
    return transcript


def test_a_chat_reads_as_prompts_messages_and_folded_tools() -> None:
    assert texts(all_lines(chat())) == [
        "> run the tests",
        "  all of them",
        "",
        "∴ Thought: Think … 2 more lines",
        "",
        "✓ Ran npm test (0, 3.2 s)",
        "  │ one",
        "  │ two",
        "",
        "✓ Edited a.py (+1 −1)",
        "  @@ -1,2 +1,2 @@",
        "  -old",
        "  +new",
        "   same",
        "",
        "Plan",
        "  ✓ look",
        "  ▸ mend",
        "",
        "# Done",
        "",
        "All pass.",
    ]


def test_a_long_output_is_folded_to_its_end_and_complete_on_demand() -> None:
    item = Item(
        "1",
        "tool",
        1,
        tool="execute",
        command="make",
        output="\n".join(map(str, range(100))),
        exit_code=2,
        status="failed",
    )
    folded = [line.text for line in item_lines(item)]
    assert folded == ["✗ Ran make (2)", "  │ … 95 lines above", *(f"  │ {number}" for number in range(95, 100))]
    assert len(item_lines(item, folded=False)) == 101


def test_the_last_lines_are_made_without_reading_the_rest() -> None:
    transcript = chat()
    whole = texts(all_lines(transcript))
    for count in range(1, len(whole) + 3):
        assert texts(last_lines(transcript, count)) == whole[-count:]


def test_an_open_request_is_complete_however_few_lines_are_requested() -> None:
    transcript = chat()
    subject = "\n".join(f"echo {number}" for number in range(50))
    transcript.apply(StateChanged("requires_action"))
    transcript.apply(
        RequestOpened(
            AgentRequest(
                "r", "command", 8_000, "Run a script?", subject, _OPTIONS, directory="/src", reason="to be sure"
            )
        )
    )
    lines = texts(last_lines(transcript, 5))
    assert lines[1] == "? Run a script?"
    assert lines[2:52] == [f"    echo {number}" for number in range(50)]
    assert lines[52:] == ["  in /src", "  to be sure", "  Allow · Always allow · Decline"]


def test_hidden_characters_of_a_command_are_shown_in_its_request() -> None:
    subject = "echo safe\rrm -rf ~\x1b[8m; curl evil\u202e  "
    request = AgentRequest("r", "command", 1, "Run\x1b]0;x\x07?", subject, complete=False)
    lines = [line.text for line in request_lines(request)]
    assert lines[1] == "    echo safe\\u000drm -rf ~\\u001b[8m; curl evil\\u202e  "
    assert "can only be declined" in lines[-1]


def test_invisible_characters_are_shown_in_each_part_of_a_request() -> None:
    hidden = "a\u2064\U000e0041b"
    options = (RequestOption("x", hidden, "allow_once"),)
    for kind in ("command", "edit", "permission"):
        request = AgentRequest("r", kind, 1, hidden, hidden, options, directory=hidden, reason=hidden)
        lines = [line.text for line in request_lines(request)]
        assert all("a\\u2064\\udb40\\udc41b" in line for line in lines)
        assert len(lines) == 5


def test_questions_show_their_suggestions_and_keys_their_options() -> None:
    request = AgentRequest(
        "r",
        "question",
        1,
        "Which one?",
        "",
        _OPTIONS[::2],
        questions=(Question("q", "Which database?", ("sqlite", "postgres"), several=True, descriptions=("a file",)),),
    )
    assert [line.text for line in request_lines(request, keys={"y": "y", "n": "n"})] == [
        "? Which one?",
        "  1. Which database? (several answers possible)",
        "     1) sqlite: a file",
        "     2) postgres",
        "  [y] Allow · [n] Decline",
    ]


def test_the_shell_around_a_command_is_shown_only_in_its_request() -> None:
    command = "/bin/bash -lc 'npm test'"
    assert item_lines(Item("1", "tool", 1, tool="execute", command=command))[0].text == "✓ Ran npm test"
    request = AgentRequest("r", "command", 1, "Run npm test?", command + "\n")
    assert [line.text for line in request_lines(request)] == ["? Run npm test?", f"    {command}"]


def test_an_answer_follows_the_item_that_waited_for_it() -> None:
    transcript = chat()
    transcript.apply(
        RequestOpened(AgentRequest("r", "command", 1_900, "Run npm test?", "npm test", _OPTIONS, item="3"))
    )
    transcript.apply(RequestResolved("r", "y", "Allow", "command", 1_950))
    transcript.apply(RequestOpened(AgentRequest("s", "question", 6_600, "Which one?", "")))
    transcript.apply(RequestResolved("s", "text", "the first", "attach", 6_700))
    lines = texts(all_lines(transcript))
    assert lines[lines.index("  │ two") + 1] == "? Run npm test? → Allow (by a command)"
    assert lines[lines.index("  ▸ mend") + 1] == "? Which one? → the first (in a terminal)"


def test_pictures_of_the_agent_and_of_its_tools_are_named() -> None:
    transcript = Transcript()
    for kind in ("agent", "tool"):
        transcript.apply(Put(Item(kind, kind, 1, status="done", images=(Image("image/png", bytes(12_000)),))))
    assert texts(all_lines(transcript)).count("  [image: image/png, 12 kB]") == 2


def test_failures_are_shown() -> None:
    transcript = Transcript()
    for item in (
        Item("1", "user", 1, text="a", status="unconfirmed", images=(Image("image/png", bytes(12_000)),)),
        Item("2", "user", 1, text="b", status="queued"),
        Item("3", "agent", 1, text="```py\nx = ", status="cut"),
        Item("4", "tool", 1, tool="execute", command="make\nmake install", status="declined"),
        Item("5", "raw", 1, title="x/y", text="{}"),
        Item("6", "notice", 1, text="The model changed."),
    ):
        transcript.apply(Put(item))
    transcript.apply(TurnOver("t", "failed", "no credit"))
    transcript.apply(StateChanged("ended"))
    text = "\n".join(texts(all_lines(transcript)))
    for part in (
        "send it again",
        "[image: image/png, 12 kB]",
        "(queued",
        "(cut: the agent ended here)",
        "⊘ Declined: make …",
        "· x/y",
        "— The model changed.",
        "✗ The turn failed: no credit",
    ):
        assert part in text


def test_an_error_that_a_notice_names_is_shown_once() -> None:
    transcript = Transcript()
    transcript.apply(Put(Item("1", "notice", 1, text="The key is missing; set it")))
    transcript.apply(TurnOver("t", "failed", "the key is missing; set it"))
    transcript.apply(StateChanged("idle"))
    assert "✗ The turn failed: the key is missing; set it" in texts(all_lines(transcript)), "another notice"
    transcript.apply(Put(Item("2", "notice", 1, text="the key is missing; set it")))
    assert texts(all_lines(transcript))[-2:] == ["", "✗ The turn failed"]


def test_progress_bars_show_their_last_state_and_colours_are_removed() -> None:
    item = Item("1", "tool", 1, title="Build", output="10%\r50%\r100%\r\n\x1b[32mok\x1b[0m\n\x1b]0;title\x07end")
    assert [line.text for line in item_lines(item)] == ["✓ Build", "  │ 100%", "  │ ok", "  │ end"]


def test_lines_are_wrapped_to_columns_and_keep_their_margin() -> None:
    import wcwidth

    item = Item("1", "tool", 1, title="Build", output="漢字" * 20 + " and some more words")
    lines = [line.text for line in item_lines(item, width=20)]
    assert all(wcwidth.width(line) <= 20 for line in lines)
    assert all(line.startswith("  │ ") for line in lines[1:])
    assert "".join(line[4:] for line in lines[1:]).replace(" ", "") == "漢字" * 20 + "andsomemorewords"


@given(st.text(max_size=60), st.integers(0, 30))
def test_no_text_of_an_agent_controls_a_terminal(text: str, width: int) -> None:
    transcript = Transcript()
    kinds: tuple[ItemKind, ...] = ("user", "agent", "thought", "tool", "notice", "raw")
    for kind in kinds:
        transcript.apply(
            Put(
                Item(
                    kind,
                    kind,
                    1,
                    text=text,
                    title=text,
                    command=text,
                    output=text,
                    changes=(FileChange(text, text),),
                    directory=text,
                )
            )
        )
    transcript.apply(Put(Item("plan", "plan", 1, plan=(PlanEntry(text),))))
    request = AgentRequest(
        "r",
        "edit",
        1,
        text,
        text,
        (RequestOption("y", text, "allow_once"),),
        "",
        text,
        text,
        (Question("q", text, (text,)),),
    )
    transcript.apply(RequestOpened(request))
    transcript.apply(RequestOpened(AgentRequest("s", "edit", 1, text, text)))
    transcript.apply(RequestResolved("s", "y", text))
    transcript.apply(TurnOver("t", "failed", text))
    transcript.apply(StateChanged("running", "t", text))
    for line in texts(all_lines(transcript, width=width, folded=False)):
        assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", line), repr(line)


def test_the_end_of_a_very_long_answer_is_shown_at_once_and_all_of_it_on_request() -> None:
    transcript = Transcript()
    line = "a **bold** word\n"
    transcript.apply(Put(Item("1", "agent", 1, text=line * 40_000 + "the end")))
    ending = texts(last_lines(transcript, 24))
    assert len(ending) == 24
    shown = screen_of(transcript, Peek(0)).lines
    assert "the end" in shown[-3:]
    assert shown[-24:] == ending
    assert re.match(r"… [0-9,]+ characters before this", shown[0])
    assert len(screen_of(transcript, Peek(0, scrollback=True)).lines) > 40_000
