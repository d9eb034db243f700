"""``outlive help PAGE``: a page of the guide as text for a terminal."""

from __future__ import annotations

import re
import shlex

import pytest

from session_host.cli import main
from session_host.cli.arguments import Parser
from session_host.cli.guide import as_text, pages
from session_host.cli.output import width
from session_host.cli.subcommands import Subcommand
from session_host.commands import ALL_SUBCOMMANDS, SUBCOMMANDS
from session_host.errors import UsageError
from tests.support.commands import OnTerminal

PAGE = """\
# The title

A paragraph with `code --option`, *a name* and [a link](phone.md#here), which is long enough
to be wrapped.

- one
- two, which is so long that it does not fit into a line
  of this terminal

1. first

   ```
   outlive ls    # as it is
   ```

2. second

| to | do |
| --- | --- |
| see a thing | run `outlive ls --all`, and look at what it prints |
| \\| | nothing |

Last.
"""
SHOWN = """\
The title

A paragraph with `code --option`, a name
and a link, which is long enough to be
wrapped.

- one
- two, which is so long that it does not
  fit into a line of this terminal

1. first

    outlive ls    # as it is

2. second

to           do
───────────  ───────────────────────────
see a thing  run `outlive ls --all`, and
             look at what it prints
|            nothing

Last.

More
  outlive help phone  The page for the phone
"""


def test_a_page_is_wrapped_and_names_the_pages_to_which_it_links() -> None:
    assert list(as_text(PAGE, 40)) == SHOWN.splitlines()


def test_headings_are_bold() -> None:
    assert list(as_text("# A\n\nb\n\n## C", 80, is_bold=True)) == [
        "\x1b[1mA\x1b[22m",
        "",
        "b",
        "",
        "\x1b[1mC\x1b[22m",
    ]


@pytest.mark.parametrize("name", pages())
def test_each_page_can_be_asked_for_and_fits(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", name]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == pages()[name].read_text("utf-8").splitlines()[0].lstrip("# ")
    sentences = [line for line in lines if "  " not in line]  # Not code, and no table, which may have a long word.
    assert max(map(width, sentences)) <= 80


def test_a_command_that_is_a_page_too_is_the_command_and_the_page_has_an_ending() -> None:
    named = {name.removesuffix(".md") for name in pages() if name.endswith(".md")}
    assert named == {page.stem for page in pages().values()} & set(SUBCOMMANDS)
    assert "attach" in named


def test_help_alone_lists_the_commands_and_help_guide_the_pages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help"]) == 0
    assert "\nStart:\n  new " in capsys.readouterr().out
    assert main(["help", "guide"]) == 0
    assert "\n  outlive help attach.md " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "meant"), [("phon", "phone"), ("trubleshoot", "troubleshoot"), ("lss", "ls"), ("pek", "peek")]
)
def test_a_wrong_name_says_what_may_be_meant(name: str, meant: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", name]) == 2
    assert f"unknown command or page {name!r}; did you mean {meant!r}?" in capsys.readouterr().err


def test_on_a_terminal_the_users_pager_shows_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGER", "head -n 1 | sed s/page/pager/")
    with OnTerminal("help", "phone") as terminal:
        terminal.see("The pager for the phone")
        assert terminal.end() == 0


def named_commands() -> list[str]:
    """The command lines in the pages' sentences; those in blocks of code are run by ``test_guide_examples.py``."""
    texts = [re.sub(r"(?ms)^```.*?^```$", "", page.read_text("utf-8")) for page in pages().values()]
    return sorted({span for text in texts for span in re.findall(r"`outlive ([a-z][^`\n]*)`", text)})


@pytest.mark.parametrize("line", named_commands())
def test_a_command_in_a_sentence_of_the_guide_has_arguments_that_the_command_takes(line: str) -> None:
    name, *words = shlex.split(line.partition(" < ")[0].partition(" > ")[0])
    parser = Parser(name, ALL_SUBCOMMANDS[name].what)
    Subcommand.load(name).configure(parser)
    refusal = ""
    try:
        parser.read(words)
    except UsageError as error:
        refusal = str(error)
    except SystemExit:  # The help was printed.
        assert "--help" in words
    assert not refusal or "required" in refusal, "a sentence may leave out what the command needs, such as a chat"
