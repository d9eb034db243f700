"""The fields that an agent's last start fills in."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping

from msgspec.structs import asdict, replace
from PySide6.QtWidgets import QLineEdit

from gui.settings.layout import Start
from gui.window.new_chat.fields import EndpointFields, PresetButtons, RuntimeField, WorktreeField
from gui.window.new_chat.request import ENDPOINT, InvalidField, known_words, needs_a_command, words_of
from gui.wording import new_chat_texts
from session_host.agents.agent import Agent


class StartFields:
    """The fields, and the values that they have for each agent while the sheet is open.

    Attributes:
        arguments, presets, runtime, worktree, endpoint: the fields, for the sheet to lay out.
    """

    def __init__(self) -> None:
        self.arguments = QLineEdit()
        self.presets = PresetButtons()
        self.runtime = RuntimeField()
        self.worktree = WorktreeField()
        self.endpoint = EndpointFields()
        self._last: dict[str, Start] = {}
        """The last start of each agent."""
        self._suggested: dict[str, Start] = {}
        """The values that a command set for this one time, with the last start's others."""
        self._starts: dict[str, Start] = {}
        """The values of the fields for each agent."""
        self._filled_for = ""
        """The agent for which the fields are filled in."""
        self._defaults: list[str] = []
        """The default arguments of that agent."""

    def begin(self, last: Mapping[str, Start], suggested: Mapping[str, Start]) -> None:
        """Use the last start of each agent, by name; or, this one time, a suggested one."""
        self._last, self._suggested = dict(last), dict(suggested)
        self._starts = {**last, **suggested}
        self._filled_for = ""

    def suggest_worktree(self, agents: Iterable[str]) -> None:
        """Suggest a git worktree this one time, for all agents."""
        for name in agents:
            for values, others in ((self._suggested, self._last), (self._starts, self._starts)):
                values[name] = replace(values.get(name) or others.get(name, Start()), worktree=True)
        self.worktree.checkbox.setChecked(True)

    def fill_for(self, agent: Agent) -> bool:
        """Fill in the values of this agent's last start; input for another agent is kept until that is chosen again.

        Returns:
            Whether a value that is usually empty was filled in.
        """
        if self._filled_for == agent.name:
            return False
        if self._filled_for:
            self._starts[self._filled_for] = self._as_start(known_words(self.arguments.text()))
        self._filled_for = agent.name
        start = self._starts.get(agent.name, Start())
        self._defaults = list(agent.default_arguments)
        self.arguments.setText(shlex.join(start.arguments if start.defaults == self._defaults else self._defaults))
        self.presets.set_presets(agent.presets, start.presets)
        self.worktree.set_value(enabled=start.worktree)
        self.runtime.set_value(start.runtime if agent.structured is not None else "terminal")
        self.endpoint.set_values(start.model, start.url)
        return bool(start.worktree or start.presets or (start.arguments and not agent.arguments_replace))

    def needed(self, agent: Agent | None) -> QLineEdit | None:
        """The empty field that the user must fill in to start an agent; None for none."""
        if agent is not None and needs_a_command(agent) and not self.arguments.text().strip():
            return self.arguments
        is_endpoint = agent is not None and agent.name == ENDPOINT
        return self.endpoint.url if is_endpoint and self.endpoint.lacks_address else None

    def read(self, agent: Agent) -> tuple[Start, list[str]]:
        """The start to remember, and the agent's arguments.

        Raises:
            InvalidField: a field is invalid.
        """
        arguments = words_of(self.arguments.text(), self.arguments, self.arguments.accessibleName())
        start = self._as_start(arguments)
        arguments = [*self.presets.arguments(), *arguments]
        if needs_a_command(agent) and not arguments:
            raise InvalidField(self.arguments, new_chat_texts.ENTER_COMMAND())
        if agent.name == ENDPOINT:
            arguments = self.endpoint.arguments(arguments)
        return self._to_remember(agent.name, start), arguments

    def _to_remember(self, agent: str, start: Start) -> Start:
        """The user's own choices of a start, without what was suggested for this one time."""
        last = self._last.get(agent, Start())
        suggested = asdict(self._suggested.get(agent, last))
        own = {field: value for field, value in asdict(start).items() if value != suggested[field]}
        return replace(last, **own)

    def _as_start(self, arguments: list[str]) -> Start:
        model, url = self.endpoint.model.text().strip(), self.endpoint.url.text().strip()
        return Start(
            arguments=arguments, defaults=self._defaults, presets=self.presets.chosen(),
            worktree=self.worktree.value() is not None, model=model, url=url, runtime=self.runtime.value(),
        )  # fmt: skip
