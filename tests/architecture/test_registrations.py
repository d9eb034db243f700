"""What is new is named wherever users and programs look for it; a test says where it is missing."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from collections.abc import Iterator
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec
import pytest

from gui.settings.table import SETTINGS
from session_host import errors
from session_host.cli.arguments import Parser
from session_host.cli.events.lines import words_of
from session_host.cli.subcommands import Subcommand
from session_host.client.sessions.session_info import JSON_KEYS
from session_host.commands import SUBCOMMANDS
from session_host.protocol.events import KINDS, EventLine, NamedChat, Printed
from session_host.protocol.facts import Entry, Origin, Outcome, Program
from session_host.session import effects as session_effects
from session_host.session.effects import Effect
from session_host.storage.store import Store
from session_host.storage.store.session_row import FIELDS
from tests.architecture.source_tree import REPOSITORY, python_files, text

pytestmark = pytest.mark.registrations

GUIDE = Path("resources/guide")
FIRST_RELEASE = json.loads((REPOSITORY / "tests/recordings/first_release.json").read_text(encoding="utf-8"))
"""What 0.1.0 had, of which the changelog says nothing; it never changes."""


@cache
def options() -> dict[str, list[str]]:
    """The long options of each subcommand."""
    found = {}
    for name in SUBCOMMANDS:
        parser = Parser(name, name)
        Subcommand.load(name).configure(parser)
        found[name] = [each for action in parser._actions for each in action.option_strings if each.startswith("--")]
    return found


def new_names() -> Iterator[tuple[str, str]]:
    """What users have got since the first release: what it is, and the word that names it."""
    yield from (("subcommands", name) for name in SUBCOMMANDS)
    yield from (("options", f"{name} {each}") for name, words in options().items() for each in words)
    yield from (("events", kind) for kind in KINDS)
    yield from (("settings", setting.key) for setting in SETTINGS)


def test_the_changelog_names_what_is_new() -> None:
    unreleased = text(Path("CHANGELOG.md")).partition("\n## ")[2].partition("\n## 0.1.0")[0]
    known = {(kind, name) for kind, names in FIRST_RELEASE.items() for name in [*names, "--help"]}
    missing = [
        f"{kind}: {name}"
        for kind, name in new_names()
        if (kind, name) not in known and not name.endswith(" --help") and not _is_in(name.split()[-1], unreleased)
    ]
    assert not missing, "name it in CHANGELOG.md"


def _is_in(word: str, page: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", page) is not None


def code_in(page: str, section: str = "") -> set[str]:
    """The words within backquotes in a page of the guide, or in one of its lines."""
    lines = [line for line in text(GUIDE / page).splitlines() if section in line]
    return {word for line in lines for code in re.findall(r"`([^`]+)`", line) for word in code.split()}


def test_the_guide_says_of_each_subcommand_what_an_agent_may() -> None:
    assert SUBCOMMANDS.keys() - code_in("security.md") == set(), "name it in a list of security.md"


def test_the_guide_explains_each_event() -> None:
    rows = re.findall(r"(?m)^\| ([a-z_, ]+) \|", text(GUIDE / "events.md"))
    assert set(KINDS) - {kind for row in rows for kind in row.split(", ")} == set(), "give it a row in events.md"


def _example(kind: type[Any]) -> Any:
    """A value of a struct, from the types of the fields that need one."""
    values = {field.encode_name: _value(field.type) for field in msgspec.structs.fields(kind) if field.required}
    return msgspec.convert({"kind": kind.__struct_config__.tag, **values}, kind)


def _value(wanted: Any) -> Any:
    if choices := get_args(wanted):
        return choices[0] if get_origin(wanted) is Literal else None
    if issubclass(wanted, Enum):
        return next(iter(wanted))
    return wanted()


@pytest.mark.parametrize("kind", [each for each in get_args(Printed) if each.__struct_config__.tag in KINDS])
def test_each_event_has_words_for_people(kind: type[Any]) -> None:
    """A new event was printed as nothing."""
    line = EventLine(1, "", "", "here", NamedChat("1", "api"), _example(kind))
    assert words_of(line) or kind.__struct_config__.tag in {"status", "turn_counted"}, "give it a case in words_of"


def test_the_tree_of_errors_has_each_class_with_its_exit_code() -> None:
    rows = dict(re.findall(r"(?m)^ +[│├└─ ]*(\w+) {2,}(.+)$", errors.__doc__ or ""))
    found: dict[str, Any] = {name: each for name, each in vars(errors).items() if isinstance(each, type)}
    classes = {name: each for name, each in found.items() if issubclass(each, Exception)}
    assert set(classes) == set(rows)
    named = {name: int(code[1]) for name, row in rows.items() if (code := re.search(r"exit code (\d+)$", row))}
    own = {name: each.exit_code for name, each in classes.items() if "exit_code" in vars(each)}
    assert {name: code for name, code in named.items() if classes[name].exit_code != code} == {}
    assert own.keys() - named.keys() == set()


def test_each_stored_fact_has_a_column(tmp_path: Path) -> None:
    with Store.open(tmp_path / "outlive.db"):
        pass
    with contextlib.closing(sqlite3.connect(tmp_path / "outlive.db")) as connection:
        columns = {row[1] for row in connection.execute("PRAGMA table_info(session)")}
    assert set(FIELDS) - columns == set(), "add a step to storage/store/database.py"


NOT_PRINTED = {
    *("origin.arguments", "origin.overrides", "origin.located_by", "origin.agent_chats", "origin.real_cwd"),
    *("origin.boot_id", "origin.machine_id", "origin.host_name", "origin.pid_namespace"),
    "origin.files_in",
    *("entry.default_name", "entry.topic", "entry.pinned", "entry.position", "outcome.error"),
    *("entry.handed_at", "entry.began_at"),
    "entry.later",  # As "later", which is also what the host of a running chat has.
    *("program.host_started", "program.child_started"),
}
"""Facts that `outlive ls --json` does not print."""


def test_each_fact_is_printed_or_is_known_not_to_be() -> None:
    parts = {"origin": Origin, "entry": Entry, "outcome": Outcome, "program": Program}
    facts = {f"{name}.{field}" for name, part in parts.items() for field in part.__struct_fields__}
    printed = {".".join(path.split(".")[1:3]) for path in JSON_KEYS.values() if path.startswith("facts.")}
    assert facts - printed == NOT_PRINTED, "give it a key in client/sessions/session_info.py, or name it here"


def test_each_effect_of_the_rules_has_a_handler() -> None:
    classes = [each for each in vars(session_effects).values() if isinstance(each, type) and issubclass(each, Effect)]
    handled = "".join(text(path) for path in python_files("session_host/host/driver"))
    effects = {each.__name__ for each in classes} - {"Effect"}
    lacking = [name for name in effects if not re.search(rf"\b{name}: (?:self|lambda|_|\w+\.)", handled)]
    assert not lacking, "give it a handler in driver.py, or for one kind of chats in terminal.py or structured.py"


AFTER_A_RESUME = {
    "name": "copied",
    "default_name": "copied",
    "topic": "copied",
    "pinned": "taken",
    "position": "taken",
    "later": "taken",
    "continued_by": "its own",
    "handed_to": "its own",
    "handed_at": "its own",
    "began_at": "copied",
}
"""What becomes of the user's facts when a chat is resumed: both chats have them, or only the new one, or neither."""


def test_each_of_the_users_facts_is_copied_or_taken_by_a_resumed_chat_or_its_own() -> None:
    assert set(AFTER_A_RESUME) == set(Entry.__struct_fields__), "decide what becomes of it when a chat is resumed"
    taken = {name for name, what in AFTER_A_RESUME.items() if what == "taken"}
    storing = text(Path("session_host/storage/store/store.py"))
    [columns] = re.findall(r'def _take_place\(.*?columns = "([\w, ]+)"', storing, re.DOTALL)[:1]
    assert taken == set(columns.split(", ")), "_take_place takes it in the transaction that continues the old chat"
