"""Facts about a viewer, read from its rules. Part of ``viewer``."""

from __future__ import annotations

from session_host.protocol.values import GridSize

from .rules import ViewerRules
from .state import ViewerState


class ViewerFacts:
    """The properties of a viewer."""

    def __init__(self, rules: ViewerRules) -> None:
        self._rules = rules

    @property
    def state(self) -> ViewerState:
        """The viewer's state."""
        return self._rules.state

    @property
    def message(self) -> str:
        """The reason for the viewer's state."""
        return self._rules.message

    @property
    def exit_code(self) -> int | None:
        """The exit code of the program once it has ended."""
        return self._rules.end.exit_code

    @property
    def exit_signal(self) -> int | None:
        """The signal that ended the program."""
        return self._rules.end.exit_signal

    @property
    def end_request(self) -> str:
        """The user's request that ended the program; see ``StateEvent``."""
        return self._rules.end.end_request

    @property
    def refusal(self) -> str:
        """The ``ErrorCode`` of the host's refusal to serve the viewer; "" for no refusal."""
        return self._rules.refusal

    @property
    def size(self) -> GridSize | None:
        """The viewer's grid."""
        return self._rules.size

    @property
    def next_sequence(self) -> int:
        """The number of the next input; its refusal carries it."""
        return self._rules.inputs.next_sequence

    @property
    def pending(self) -> int:
        """How many inputs the program has not received yet, as far as is known."""
        return len(self._rules.inputs)

    @property
    def is_holding(self) -> bool:
        """Whether an input was refused; all further ones are refused until ``accept_refusal``."""
        return self._rules.inputs.is_holding
