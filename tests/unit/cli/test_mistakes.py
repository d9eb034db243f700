"""Wrong uses of the command line, as a table: each ends with its exit code, and one line that says what to do."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from session_host.cli import main
from session_host.cli.arguments import Parser
from session_host.cli.subcommands import Subcommand
from session_host.commands import ALL_SUBCOMMANDS, SUBCOMMANDS, Where, with_any
from session_host.paths import config_dir, database, ensure_private, state_dir
from session_host.protocol.values import State
from session_host.storage.store import Store
from tests.support.facts import chat_facts

USAGE, UNKNOWN, AMBIGUOUS, ENDED = 2, 3, 4, 6

RAW = re.compile(r"Traceback|Errno|<[A-Z]\w+\.|choose from|Expected `|msgspec|argparse|invalid \w+ value|\bNone\b")
"""Words of a library, or of Python."""

Mistake = tuple[list[str], int, str]
"""The command line, its exit code, and what the line says."""


def parser_of(name: str) -> Parser:
    parser = Parser(name, name)
    Subcommand.load(name).configure(parser)
    return parser


def arguments_of(name: str) -> list[argparse.Action]:
    return [action for action in parser_of(name)._actions if action.dest != "help"]


def typo(word: str) -> str:
    """A word with two letters in the wrong order."""
    middle = len(word) // 2
    return f"{word[: middle - 1]}{word[middle]}{word[middle - 1]}{word[middle + 1 :]}"


def of_words() -> Iterator[Mistake]:
    """Mistyped commands, options and values, of every subcommand."""
    yield ["--xyzzy"], USAGE, "unknown option '--xyzzy'"
    for name in SUBCOMMANDS:
        if len(set(name)) > 2 and (wrong := typo(name)) not in SUBCOMMANDS:
            yield [wrong], USAGE, f"unknown command {wrong!r}"
            if len(name) > 3:
                yield [wrong], USAGE, f"did you mean {name!r}?"
        yield [name, "--xyzzy"], USAGE, f"unrecognized arguments: --xyzzy; see `outlive {name} --help`"
        for action in arguments_of(name):
            yield from of_option(name, action) if action.option_strings else ()


def of_option(name: str, action: argparse.Action) -> Iterator[Mistake]:
    option = action.option_strings[-1]
    word = option.removeprefix("--")
    if len(word) > 3 and typo(word) != word:
        # Another option may be as near.
        yield [name, f"--{typo(word)}"], USAGE, "did you mean '--"
    if action.nargs is None and action.option_strings and not isinstance(action, argparse._StoreConstAction):
        yield [name, option], USAGE, f"{option}: expected one argument"
        yield [name, option, "--nonesuch"], USAGE, "--"
    if action.choices is not None:
        choices = list(map(str, action.choices))
        yield [name, option, "nonesuch"], USAGE, f"{option}: invalid choice: 'nonesuch', not {choices[0]}"
        yield [name, option, typo(max(choices, key=len))], USAGE, f"did you mean {max(choices, key=len)!r}?"
    if action.type in {int, float}:
        number = "not a whole number" if action.type is int else "not a number"
        yield [name, option, "many"], USAGE, f"{option}: {number}: 'many'"


FILLED = {
    "send": ["text"],
    "wait": ["--exited"],
    "rename": ["new"],
    "export": ["FILE.txt"],
    "restore": [],
}
"""What else a command about a chat needs."""


def of_chats() -> Iterator[Mistake]:
    """Chats that do not exist, or of machines that do not."""
    for name in sorted(with_any(Where.CHAT)):
        rest = FILLED.get(name, [])
        chat = next(each for each in arguments_of(name) if each.dest in {"session", "sessions"})
        if chat.nargs is None:
            yield [name], USAGE, f"required: CHAT{', ' if name in {'rename', 'export'} else ''}"
        yield [name, "nonesuch", *rest], UNKNOWN, "no chat matches 'nonesuch'"
        yield [name, "nonesuch:api", *rest], UNKNOWN, "no machine is called 'nonesuch'"
        yield [name, "apii", *rest], UNKNOWN, "did you mean 'api'?"
        yield [name, "two", *rest], AMBIGUOUS, "use an id"
    for name in sorted(with_any(Where.ON | Where.ASKS_ALL)):
        rest = {"search": ["word"], "wait": ["api", "--exited"]}.get(name, [])
        yield [name, *rest, "--on", "nonesuch"], UNKNOWN, "no machine is called 'nonesuch'; see `outlive machines`"
        yield [name, *rest, "--on"], USAGE, "--on"


def of_ended_chats() -> Iterator[Mistake]:
    """What only a running chat can do."""
    for name in ("send", "stop", "kill", "approve", "deny", "attach", "upgrade"):
        yield [name, "api", *FILLED.get(name, [])], ENDED, "api"
    yield ["answer", "api"], ENDED, "api"


MAY_BE_EMPTY = {("new", "--system"): "no system prompt, in place of that of endpoint.toml"}
"""The arguments that say something when they are given but empty, and what."""


def of_empty_values() -> Iterator[Mistake]:
    """Each argument of each subcommand, given but empty, as by a variable of a script that is not set."""
    for name in ALL_SUBCOMMANDS:
        actions = arguments_of(name)
        needed = [filler(each) for each in actions if not each.option_strings and each.required]
        for action in actions:
            if action.nargs == 0 or (name, (action.option_strings or [""])[-1]) in MAY_BE_EMPTY:
                continue
            says = "''" if action.type or action.choices else "is empty; give one"
            says = "--on needs the NAME" if action.dest == "on" and Where.ON in ALL_SUBCOMMANDS[name].where else says
            # One of a group, of which only one may be given, stands for that group.
            more = ["--exited"] if name == "wait" and action.dest in {"sessions", "timeout"} else []
            if action.option_strings:
                for option in action.option_strings:
                    yield [name, *needed, *more, option, ""], USAGE, says
                    yield [name, *needed, *more, f"{option}=", *(["--"] if name == "new" else [])], USAGE, says
                continue
            before = [filler(each) for each in actions[: actions.index(action)] if not each.option_strings]
            after = [filler(each) for each in actions[actions.index(action) + 1 :] if not each.option_strings]
            words = [*before, "", *(after if action.required else [])]
            yield [name, *more, *words], USAGE, says
            if not parser_of(name).takes_arguments:
                yield [name, *more, "--", *words], USAGE, says


def filler(action: argparse.Action) -> str:
    """A value that a positional argument may have."""
    return str(next(iter(action.choices))) if action.choices else "1"


OTHERS: tuple[Mistake, ...] = (
    (["new", "-n", "a:b", "--", "cat"], USAGE, "'a:b': a name has no colon"),
    (["rename", "api", "a:b"], USAGE, "'a:b': a name has no colon"),
    (["new", "clade"], USAGE, "did you mean 'claude'?"),
    (["new", "shell", "-C", "/nonesuch"], 1, "there is no directory /nonesuch; choose another"),
    (["new", "shell", "-C", "gone"], 1, "gone"),
    (["new", "shell", "--worktree"], 1, "git"),
    (["new", "shell", "--preset", "nonesuch"], USAGE, "nonesuch"),
    (["new", "--size", "wide", "--", "cat"], USAGE, "--size wide: write it as COLSxROWS"),
    (["new", "-e", "NAME", "--", "cat"], USAGE, "-e NAME: write it as NAME=VALUE"),
    (["new", "--timeout", "5", "--", "cat"], USAGE, "--timeout needs --wait"),
    (["peek", "api", "--lines", "-1"], USAGE, "--lines"),
    (["answer", "api", "--turn", "0"], USAGE, "--turn"),
    (["answer", "api", "--last", "0"], USAGE, "--last"),
    (["wait", "api", "--text", "("], USAGE, "--text"),
    (["wait", "api", "--timeout", "-1", "--exited"], USAGE, "--timeout needs a number of seconds"),
    (["send", "api", "--key", "Entr"], USAGE, "Entr"),
    (["ls", "--since", "bananas"], USAGE, "--since: 'bananas' is no date; write yesterday"),
    (["ls", "--agent", "clade"], USAGE, "did you mean 'claude'?"),
    (["search", " "], USAGE, "give a word"),
    (["new", "shell", "-p", " "], USAGE, "the prompt is blank"),
    (["search", "x", "--limit", "0"], USAGE, "--limit"),
    (["export", "api", "out.gif"], USAGE, "name it FILE.cast"),
    (["replay", "api", "--speed", "0"], USAGE, "--speed"),
    (["events", "--since", "bananas", "--once"], USAGE, "--since needs a cursor"),
    (["events", "--event", "aksed"], USAGE, "did you mean 'asked'?"),
    (["rm"], USAGE, "name a chat, or use --ended"),
    (["rm", "--ended"], USAGE, "confirm with --yes"),
    (["kill-all"], USAGE, "confirm with --yes"),
    (["doctor", "--yes"], USAGE, "--yes works only with --remove"),
    (["machines", "add"], USAGE, "needs the machine's NAME"),
    (["machines", "remove", "nonesuch"], UNKNOWN, "no machine is called 'nonesuch'"),
    (["machines", "add", "a b"], USAGE, "a machine's name has letters"),
    (["machines", "ad", "x"], USAGE, "did you mean 'add'?"),
    (["web", "pari"], USAGE, "did you mean 'pair'?"),
    (["web", "devices", "--revoke", "nonesuch"], UNKNOWN, "nonesuch"),
    (["web", "--port", "99999"], USAGE, "--port"),
    (["skill", "--install", "clade"], USAGE, "did you mean 'claude'?"),
    (["help", "phnoe"], USAGE, "did you mean 'phone'?"),
    (["window", "shwo"], USAGE, "did you mean 'show'?"),
    (["approve", "api", "--request"], USAGE, "--request: expected one argument"),
    (["logs", "--window", "api"], USAGE, "--window"),
    (["resume", "api", "--runtime", "chat"], USAGE, "--runtime: invalid choice: 'chat', not terminal or structured"),
)

TABLES = {
    "words": of_words,
    "empty values": of_empty_values,
    "chats": of_chats,
    "ended chats": of_ended_chats,
    "others": lambda: OTHERS,
}


def _add_chats() -> None:
    """Record an ended chat ``api``, and two that are both called ``two``."""
    ensure_private(state_dir())
    with Store.open(database()) as store:
        for number, name in enumerate(["api", "two", "two"]):
            store.insert(
                chat_facts(
                    id=f"{number}a1b2c3d-0000-4000-8000-000000000000",
                    name=name,
                    agent="shell",
                    argv=["sh"],
                    cwd="/",
                    state=State.EXITED,
                    exit_code=0,
                    created_at="2026-01-02T03:04:05.678Z",
                    ended_at=f"2026-01-02T03:0{number}:05.678Z",
                )
            )
        store.mark_complete(store.file)


def wrong(mistake: Mistake, capsys: pytest.CaptureFixture[str]) -> str:
    """What is wrong with the answer to a mistake; "" for nothing."""
    words, code, says = mistake
    try:
        found = main(words)
    except SystemExit as ended:
        return f"ended by argparse: {ended.code}"
    printed = capsys.readouterr()
    if found != code:
        return f"exit code {found}, not {code}: {printed.err}"
    if printed.out or printed.err.count("\n") != 1 or not printed.err.startswith("outlive: "):
        return f"not one line: {printed.out}{printed.err}"
    return printed.err if says not in printed.err or RAW.search(printed.err) else ""


@pytest.mark.registrations
@pytest.mark.parametrize("table", TABLES)
def test_a_mistake_is_one_line_that_says_what_to_do(
    table: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _add_chats()
    monkeypatch.chdir(tmp_path)
    answers = {" ".join(each[0]): wrong(each, capsys) for each in TABLES[table]()}
    assert {words: answer for words, answer in answers.items() if answer} == {}


@pytest.mark.registrations
def test_an_argument_that_may_be_empty_is_in_the_table_with_its_reason() -> None:
    found = {
        (name, action.option_strings[-1])
        for name in ALL_SUBCOMMANDS
        for action in arguments_of(name)
        if action.dest in parser_of(name).may_be_empty
    }
    assert found == set(MAY_BE_EMPTY)
    for name, option in found:
        assert getattr(parser_of(name).read([option, ""]), option.removeprefix("--")) == ""


def test_only_an_argument_that_is_given_can_be_empty() -> None:
    """What another program gets is not looked at."""
    options = parser_of("new").read(["--worktree", "-e", "NAME=", "--", "printf", ""])
    assert (options.worktree, options.env, options.after_dashes) == ("", ["NAME="], ["printf", ""])
    assert parser_of("send").read(["api", " "]).text == " "


FILES: tuple[tuple[str, str, list[str], str], ...] = (
    ("chats.toml", "agents_may_control = 1\n", ["new", "shell"], "chats.toml:1"),
    ("chats.toml", "nonsense\n", ["new", "shell"], "chats.toml:1"),
    ("endpoint.toml", "url = 1\n", ["new", "endpoint"], "endpoint.toml:1"),
    ("machines.toml", "a = 1\n", ["machines"], "machines.toml:1"),
    ("agents/mine.toml", "title = 1\n", ["new", "mine"], "mine.toml:1"),
)


@pytest.mark.parametrize(("file", "content", "words", "says"), FILES)
def test_a_file_of_the_users_that_cannot_be_read_is_named_with_its_line(
    file: str, content: str, words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = config_dir() / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    assert main(words) == 1
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert says in printed.err
    assert not RAW.search(printed.err), printed.err
