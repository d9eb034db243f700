"""The user's decisions on an agent's questions, as lines. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from gui.theme.icons import Glyph
from gui.wording import chat_texts
from session_host.structured.decisions import Decision, DecisionKind, in_lines

from .patches import shown_path
from .segments import Face, FoldLine, Run, Tone

_ICONS = {
    "allowed": Glyph.CHECK,
    "declined": Glyph.PROHIBITED,
    "answered": Glyph.SAYING,
    "withdrawn": Glyph.CLOSE,
}
_MAX_NAMED = 2
"""Of more commands that were allowed in a turn, only the number is said."""


def icon_of(kind: DecisionKind) -> tuple[str, Tone]:
    """The icon of a decision, and its colour."""
    return _ICONS[kind], "fine" if kind == "allowed" else "secondary"


def decision_line(decided: Decision, directory: str) -> FoldLine:
    """The line of a decision."""
    about = ", ".join(shown_path(path, directory) for path in decided.files) or decided.about
    runs = decision_runs(decided, about, is_words=decided.is_words)
    return _line(decided.kind, runs, decided.at_ms)


def decision_runs(decided: Decision, about: str, *, is_words: bool) -> list[Run]:
    """The runs of a decision's line: its verb, its object, and the user's words."""
    verb = chat_texts.DECISIONS[decided.kind]()
    runs = [Run(f"{verb} ", Face.SECONDARY), Run(about, Face.PLAIN if is_words else Face.OBJECT)]
    if words := decided.words:
        words = words if decided.kind == "answered" else chat_texts.SAID(words=words)
        runs += [Run(" · ", Face.SECONDARY), Run(words)]
    how = decided.rule, chat_texts.decided_where(decided.by), chat_texts.withdrawn_by(decided)
    if rest := chat_texts.joined(*how):
        runs.append(Run(f" · {rest}", Face.SECONDARY))
    return runs


def folded_lines(decided: Sequence[Decision], directory: str) -> list[FoldLine]:
    """The lines of the decisions in a folded turn."""
    return [
        _line("allowed", _allowed_runs(together, directory), together[-1].at_ms)
        if len(together) > 1
        else decision_line(together[0], directory)
        for together in in_lines(decided)
    ]


def _allowed_runs(allowed: Sequence[Decision], directory: str) -> list[Run]:
    """The objects that were allowed in a turn: edits first, then commands, then all others."""
    edits = [each for each in allowed if each.files]
    commands = list(dict.fromkeys(each.about for each in allowed if not (each.files or each.is_words)))
    others = [each.about for each in allowed if each.is_words]
    parts = list[Run]()
    if len(edits) == 1:
        parts.append(Run(", ".join(shown_path(path, directory) for path in edits[0].files), Face.OBJECT))
    elif edits:
        parts.append(Run(chat_texts.EDITS(n=len(edits))))
    if len(commands) <= _MAX_NAMED:
        parts += [Run(command, Face.OBJECT) for command in commands]
    else:
        parts.append(Run(chat_texts.COMMANDS(n=len(commands))))
    parts += [Run(others[0])] if len(others) == 1 else [Run(chat_texts.REQUESTS(n=len(others)))] if others else []
    runs = [Run(f"{chat_texts.DECISIONS['allowed']()} ", Face.SECONDARY)]
    for number, part in enumerate(parts):
        if number:
            between = chat_texts.LAST_OF_LIST() if number == len(parts) - 1 else ", "
            runs.append(Run(between, Face.SECONDARY))
        runs.append(part)
    return runs


def _line(kind: DecisionKind, runs: Sequence[Run], at_ms: int) -> FoldLine:
    icon, tone = icon_of(kind)
    text = "".join(run.text for run in runs)
    time = chat_texts.time_of(at_ms) if at_ms else ""
    return FoldLine(text, icon=icon, icon_tone=tone, runs=tuple(runs), detail=time)
