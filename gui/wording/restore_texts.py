"""Texts about restore points: the files as they were before a prompt."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from gui.wording import chat_texts, phrases
from session_host.protocol.untrusted_text import one_line

if TYPE_CHECKING:
    from session_host.restore_points.points import Kind
    from session_host.restore_points.restoring import How

translate = QCoreApplication.translate

NAME_CHARACTERS = 40
"""A longer prompt is cut in a name."""
ROW_CHARACTERS = 200
"""A longer prompt is cut in the list, which shows as much of it as there is room for."""


def name(kind: Kind, prompt: str, moment: datetime, now: datetime, characters: int = NAME_CHARACTERS) -> str:
    """A restore point's name, by default for a sentence: its prompt, or the prompt's time."""
    if text := one_line(prompt).strip():
        return quoted(text, characters)
    return restore_at(moment, now) if kind == "restore" else prompt_at(moment, now)


def quoted(prompt: str, characters: int = NAME_CHARACTERS) -> str:
    """The name of a prompt by its text, by default for a sentence."""
    cut = prompt if len(prompt) <= characters else f"{prompt[: characters - 1].rstrip()}…"
    return translate("restore", "“{prompt}”").format(prompt=cut)


def prompt_at(moment: datetime, now: datetime) -> str:
    """The name of a prompt without a known text, for a sentence."""
    return translate("restore", "the prompt {when}").format(when=phrases.clock(moment, now))


def restore_at(moment: datetime, now: datetime) -> str:
    """The name of a restore, for a sentence."""
    return translate("restore", "the restore {when}").format(when=phrases.clock(moment, now))


def row(name: str) -> str:
    """A name at the beginning of a row."""
    return phrases.first_upper(name)


def detail(moment: datetime, now: datetime, changed: int | None) -> str:
    """The age of a restore point, and the number of files that have changed since; None for an unknown one."""
    return chat_texts.joined("" if changed is None else changed_files(changed), phrases.age(moment, now))


def changed_files(count: int) -> str:
    if not count:
        return translate("restore", "no file changed")
    return translate("restore", "{count} file(s) changed", "", count).format(count=f"{count:,}")


def none_yet() -> str:
    return translate(
        "restore",
        "No files were saved yet. They are saved before each prompt to an agent, if the setting “Restore points” is "
        "on, and before you discard a change.",
    )


def not_kept() -> str:
    return translate("restore", "The files were not saved before this prompt.")


def cannot(reason: object) -> str:
    return translate("restore", "No files can be restored: {reason}.").format(reason=reason)


def nothing_differs(name: str) -> str:
    return translate("restore", "No file differs from how it was before {prompt}.").format(prompt=name)


def question(count: int, name: str) -> str:
    return translate("restore", "Restore {count} file(s) to before {prompt}?", "", count).format(
        count=f"{count:,}", prompt=name
    )


def offer() -> str:
    """The button that leads to the question."""
    return translate("restore", "Restore…")


def restore_() -> str:
    return translate("restore", "Restore")


def undoes_all() -> str:
    return translate(
        "restore", "This also undoes changes that you or other chats made to these files since then. You can undo it."
    )


def agent_works(agent: str) -> str:
    return translate("restore", "{agent} is working and may change files during the restore.").format(agent=agent)


def branch_stays(then: str, now: str) -> str:
    return translate("restore", "The branch was {then}; {now} stays checked out.").format(then=then, now=now)


def changed_meanwhile() -> str:
    return translate("restore", "Files have changed in the meantime.")


def large_files_stay(count: int) -> str:
    return translate("restore", "{count} large or unreadable file(s) stay as they are.", "", count).format(count=count)


def untracked_stay() -> str:
    return translate("restore", "New files were not saved, and none is deleted.")


def submodules_stay(count: int) -> str:
    return translate("restore", "{count} submodule(s) stay as they are.", "", count).format(count=count)


def details(*sentences: str) -> str:
    return " ".join(filter(None, sentences))


def counts(modified: int, recreated: int, deleted: int) -> str:
    """How many files a restore changes, for a list that does not show all at once."""
    parts = [
        translate("restore", "{count} to change").format(count=f"{modified:,}") if modified else "",
        translate("restore", "{count} to create").format(count=f"{recreated:,}") if recreated else "",
        translate("restore", "{count} to delete").format(count=f"{deleted:,}") if deleted else "",
    ]
    return translate("restore", "{counts}.").format(counts=", ".join(filter(None, parts)))


def files(rows: Sequence[tuple[How, str]], columns: int = 0) -> str:
    """The files of a question, one a line: what happens to each, and its path, cut to ``columns``; 0: not cut."""
    words = {
        "modified": translate("restore", "change"),
        "recreated": translate("restore", "create"),
        "deleted": translate("restore", "delete"),
    }
    width = max(map(len, words.values()))
    room = columns - width - 2 if columns else sys.maxsize
    return "\n".join(f"{words[how]:<{width}}  {phrases.short_path(path, room)}" for how, path in rows)


def restoring(count: int) -> str:
    return translate("restore", "Restoring {count} file(s)…", "", count).format(count=f"{count:,}")


def restored(count: int) -> str:
    return translate("restore", "{count} file(s) restored.", "", count).format(count=f"{count:,}")


def undone(count: int) -> str:
    return translate("restore", "The restore is undone: {count} file(s).", "", count).format(count=f"{count:,}")


def undo_restore() -> str:
    return translate("restore", "Undo restore")


def partly_restored(failed: int, count: int, paths: str, problem: str) -> str:
    """Some files could not be restored; ``paths`` names the first ones."""
    text = translate("restore", "{failed} of {count} files were not restored: {paths}.").format(
        failed=f"{failed:,}", count=f"{count:,}", paths=paths
    )
    reason = translate("restore", "The reason: {problem}.").format(problem=problem.rstrip(".")) if problem else ""
    return details(text, reason)
