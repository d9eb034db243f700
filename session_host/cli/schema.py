"""``outlive schema``: the JSON Schema of what commands print with ``--json``, made from the structs that they print."""

from __future__ import annotations

import argparse
import inspect
import typing
from typing import Any, Final

import msgspec

from session_host.cli.json_forms import FailedCommand, FoundLine, SentText, TurnAnswer, UsageReport
from session_host.cli.output import print_json
from session_host.client.sessions.session_info import JSON_KEYS, SessionInfo
from session_host.errors import codes
from session_host.protocol.events import LINE_VERSION, EventLine

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_ALWAYS_KNOWN: Final = frozenset(
    {"id", "name", "agent", "argv", "cwd", "state", "created_at", "runtime", "account", "is_asleep"}
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add nothing: the subcommand has no arguments."""
    del parser


def run(options: argparse.Namespace) -> int:
    """Print the schema."""
    del options
    print_json(schema())
    return 0


def schema() -> dict[str, Any]:
    """The schema: the form of what each command prints, by the command's name; ``events`` prints one a line."""
    forms = {
        "events": msgspec.defstruct("Line", [], bases=(EventLine,), namespace={"__doc__": EventLine.__doc__}),
        "ls": list[row_form()],  # type: ignore[misc]
        "send": SentText,
        "send --wait": TurnAnswer,
        "new --wait": TurnAnswer,
        "answer": TurnAnswer,
        "search": list[FoundLine],
        "usage": UsageReport,
        "error": FailedCommand,
    }
    found, definitions = msgspec.json.schema_components(forms.values(), ref_template="#/$defs/{name}")
    commands = dict(zip(forms, found, strict=True))
    for each in definitions.values():
        each["description"] = inspect.cleandoc(each.get("description", ""))
    definitions["Failure"]["properties"]["code"]["enum"] = sorted(codes())
    return {"$schema": _DIALECT, "version": LINE_VERSION, "commands": commands, "$defs": definitions}


def row_form() -> type[msgspec.Struct]:
    """The form of an entry of ``ls``; its keys name places in other structs."""
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for key, path in JSON_KEYS.items():
        kind = _kind_at(SessionInfo, path.split("."))
        fields.append((key, kind if key in _ALWAYS_KNOWN else kind | None))
    fields += [("cursor", str | None), ("machine", str, "")]
    return msgspec.defstruct("ListedChat", fields, namespace={"__doc__": "One chat of `ls`; unknown values are null."})


def _kind_at(owner: Any, path: list[str]) -> Any:
    """The type of an attribute, and of its attributes."""
    for name in path:
        attribute = getattr(owner, name, None)
        if isinstance(attribute, property):
            owner = typing.get_type_hints(attribute.fget)["return"]
        else:
            owner = typing.get_type_hints(owner)[name]
        known = [each for each in typing.get_args(owner) if each is not type(None)]
        if len(known) == 1 and type(None) in typing.get_args(owner):
            owner = known[0]
    return owner
