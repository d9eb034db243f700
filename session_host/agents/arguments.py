"""Selects the arguments for resuming a chat: all except the prompt.

A resumed chat must not get its first prompt again, which would repeat the work. An option that makes the agent answer
once and exit (``claude --print``) is removed together with the prompt: without a prompt the agent refuses to start.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from session_host.agents.agent import PROMPT, PROMPT_FILE, Agent
from session_host.agents.probe import Probe


def without_prompt(agent: Agent, arguments: Sequence[str], probe: Probe) -> list[str]:
    """The arguments without the prompt, for an agent that accepts one in its argv.

    The agent's help distinguishes an option's value from the prompt. Without a help text, a word after any option may
    be the option's value, and stays.

    Args:
        agent: the agent that gets the arguments.
        arguments: the user's own arguments.
        probe: the known options of this version.
    """
    options = {part[0] for part in agent.start if not isinstance(part, str) and PROMPT in part}
    settings = agent.conversation
    options |= {*settings.asks, *settings.once_valued}
    short = tuple(option for option in options if len(option) == 2)
    takes_words = PROMPT in agent.start or settings.asks_words
    kept: list[str] = []
    values = 0  # How many of the next words may be values of the last option; -1 for any number.
    asks = False
    for index, word in enumerate(arguments):
        if word == "--":
            return kept if takes_words or word in options else [*kept, *arguments[index:]]
        if asks:
            asks = False
        elif word.startswith("-") and word != "-":
            name, equals, _ = word.partition("=")
            if name in settings.once or (word.startswith(short) and word not in short and not word.startswith("--")):
                values = 0
                continue  # The second form: ``-pTEXT``.
            asks = name in options and not equals
            if name not in options:
                kept.append(word)
            values = 0 if equals or name in options else _values(name, probe)
        elif values or not takes_words:
            kept.append(word)
            values = max(values - 1, -1) if values > 0 else values
    return kept


def prompt_of(agent: Agent, argv: Sequence[str], arguments: Sequence[str]) -> str:
    """The prompt in an argv that ``Agent.argv`` built from the catalog's template, or in its file; "" for none.

    Args:
        agent: the agent that was started.
        argv: the argv of a start, not of a resume.
        arguments: the user's own arguments within it.
    """
    last = agent.start[-1] if agent.start else ""
    words = (last,) if isinstance(last, str) else last
    if words[-1] not in {PROMPT, PROMPT_FILE} or len(argv) <= len(words):
        return ""
    before = argv[: -len(words)]
    if tuple(argv[-len(words) : -1]) != words[:-1] or (arguments and before[-len(arguments) :] != list(arguments)):
        return ""
    if words[-1] == PROMPT_FILE:
        try:
            return Path(argv[-1]).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return ""
    # Without a prompt, the argv ends with the arguments, or with the value of a template's option.
    ours = {part[0] for part in agent.start if not isinstance(part, str)}
    return "" if len(words) == 1 and not arguments and before[-1] in ours else argv[-1]


def _values(option: str, probe: Probe) -> int:
    if probe.options is None or option not in probe.options or option in probe.variadic:
        return -1
    return 1 if option in probe.valued else 0
