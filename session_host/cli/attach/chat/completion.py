"""Completes a prompt: an agent's command after "/", the value of its setting, a file's path after "@"."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile
from typing import NamedTuple

from session_host.client.machine import Machine
from session_host.protocol.untrusted_text import one_line
from session_host.structured.mentions import mention, mentions
from session_host.structured.transcript import Status


class Offer(NamedTuple):
    """A word that the user may mean.

    Attributes:
        word: the whole word.
        shown: the word for the user, with what follows it, and its description.
    """

    word: str
    shown: str


def offers(text: str, word: str, status: Status) -> list[Offer]:
    """The commands that a prompt may become, or the values that its setting may get.

    Args:
        text: the prompt up to the cursor.
        word: the word at its end.
        status: the chat's, with the agent's commands and settings.
    """
    if not text.startswith("/") or "\n" in text:
        return []
    if text == word:
        begun = word[1:].lower()
        found = [each for each in status.commands if each.name.lower().startswith(begun)]
        hints = [f"/{each.name} {each.hint}".strip() for each in found]
        if len(found) == 1:
            hints = [f"{hints[0]}: {found[0].description}" if found[0].description else hints[0]]
        return [Offer(f"/{each.name}", one_line(hint)) for each, hint in zip(found, hints, strict=True)]
    setting = next((each for each in status.settings if text.removesuffix(word) == f"/{each.id} "), None)
    choices = setting.choices if setting is not None else ()
    return [Offer(each.id, one_line(each.id)) for each in choices if each.id.startswith(word)]


def common(words: Iterable[str]) -> str:
    """The beginning that all of these words share."""
    return "".join(same[0] for same in takewhile(lambda letters: len({*letters}) == 1, zip(*words, strict=False)))


async def completed_path(machine: Machine, session_id: str, word: str) -> tuple[str, list[str]]:
    """The mention of a file that a mention's beginning may become, as far as it is certain, and all names that fit.

    Args:
        machine: the chat's machine.
        session_id: the chat.
        word: "@" and the beginning of a path, which is relative to the chat's directory.

    Raises:
        OutliveError: the machine does not answer.
    """
    from session_host.client.chats.directories import complete_path
    from session_host.client.sessions.listing import session_named

    typed = word[1:].removeprefix('"')
    directory = (await machine.call(session_named, session_id)).facts.origin.cwd
    begun = typed if typed.startswith(("/", "~")) else f"{directory}/{typed}"
    found = await machine.call(complete_path, begun, with_files=True)
    names = [path.rpartition("/")[2] for path in found]
    whole = typed[: typed.rfind("/") + 1] + common(names)
    if not names or len(whole) < len(typed):
        return word, names
    if len(names) > 1:
        return _begun(whole), names
    is_folder = bool(await machine.call(complete_path, f"{found[0]}/", with_files=True))
    return _begun(f"{whole}/") if is_folder else f"{mention(whole)} ", names


def _begun(path: str) -> str:
    """The mention of a path that goes on."""
    return f"@{path}" if mentions(f"@{path}/.a") == [f"{path}/.a"] else f'@"{path}'
