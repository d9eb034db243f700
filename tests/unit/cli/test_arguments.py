"""What is after ``--`` on a command line is no option of any command."""

from __future__ import annotations

from argparse import Namespace

import pytest

from session_host.cli.arguments import AFTER_DASHES, Parser
from session_host.cli.subcommands import Subcommand
from session_host.commands import ALL_SUBCOMMANDS
from session_host.errors import UsageError

NEEDED = {"wait": ["--quiet", "1"]}


def parser_of(name: str) -> Parser:
    parser = Parser(name, ALL_SUBCOMMANDS[name].what)
    Subcommand.load(name).configure(parser)
    return parser


@pytest.mark.parametrize("name", ALL_SUBCOMMANDS)
@pytest.mark.parametrize("word", ["--help", "-h", "--", "--json", "-", "-5"])
def test_a_word_after_two_dashes_is_no_option(name: str, word: str) -> None:
    """``outlive send --enter -- chat --help`` printed the help, and sent nothing."""
    parser = parser_of(name)
    positional = [action.dest for action in parser._actions if not action.option_strings]
    words = [word] * len(positional)
    options, refusal = Namespace(), ""
    try:
        options = parser.read([*NEEDED.get(name, []), "--", *words])
    except UsageError as error:  # It takes only some words, or numbers.
        refusal = str(error)
    if refusal:
        assert f"'{word}'" in refusal
        return
    if parser.takes_arguments:
        assert vars(options)[AFTER_DASHES] == words
        return
    values = [getattr(options, each) for each in positional]
    assert [value if isinstance(value, list) else [value] for value in values] == [[word]] * len(words)


def test_options_are_read_before_and_between_words_and_not_after_the_dashes() -> None:
    options = parser_of("send").read(["--key", "Up", "--", "chat", "--enter"])
    assert (options.session, options.text, options.enter, options.key) == ("chat", "--enter", False, ["Up"])
    options = parser_of("send").read(["chat", "--enter", "--", "-x"])
    assert (options.session, options.text, options.enter) == ("chat", "-x", True)
    with pytest.raises(UsageError, match="unrecognized arguments: --more; see"):
        parser_of("send").read(["chat", "text", "--", "--more"])
