"""User input as numbered messages. Part of ``viewer``."""

from __future__ import annotations

from session_host.protocol.messages import (
    AnswerRequest,
    ChangeSetting,
    Focus,
    Input,
    Interrupt,
    Key,
    Mouse,
    Paste,
    Prompt,
    PromptMode,
    SendNow,
    Text,
    WithdrawPrompt,
)
from session_host.protocol.values import Image, KeyAction, MouseAction, MouseButton

from .facts import ViewerFacts
from .rules import ViewerRules


class ViewerInput(ViewerFacts):
    """The input methods of a viewer.

    Attributes:
        read_only: the viewer shows the session and takes no input.
    """

    def __init__(self, rules: ViewerRules, *, read_only: bool) -> None:
        super().__init__(rules)
        self.read_only = read_only

    def _input(self, message: Input) -> None:
        raise NotImplementedError

    def _wants_releases(self) -> bool:
        """Whether the program asked for key releases, according to the replica."""
        raise NotImplementedError

    def key(
        self,
        key: str,
        text: str = "",
        modifiers: int = 0,
        action: KeyAction = KeyAction.PRESS,
        *,
        may_detach: bool = False,
    ) -> None:
        """The user pressed, repeated or released a key; see ``messages.Key``.

        A release is sent only to a program that asked for releases: of any other, the host would drop it.
        """
        if action is KeyAction.RELEASE and not self._wants_releases():
            return
        rules = self._rules
        number = rules.inputs.next_sequence
        self._input(Key(rules.attachment, number, key, text, int(modifiers), action, may_detach))

    def text(self, text: str) -> None:
        """The user committed composed text."""
        self._input(Text(self._rules.attachment, self._rules.inputs.next_sequence, text))

    def paste(self, text: str) -> None:
        """The user pasted text."""
        self._input(Paste(self._rules.attachment, self._rules.inputs.next_sequence, text))

    def mouse(self, action: MouseAction, button: MouseButton, column: int, row: int, modifiers: int = 0) -> None:
        """The user moved, clicked or scrolled the mouse at a cell."""
        self._input(
            Mouse(self._rules.attachment, self._rules.inputs.next_sequence, action, button, column, row, int(modifiers))
        )

    def prompt(self, text: str, mode: PromptMode = "queue", images: tuple[Image, ...] = ()) -> None:
        """The user sent a prompt; see ``messages.Prompt``. For a structured chat, as the five below."""
        self._input(Prompt(self._rules.attachment, self._rules.inputs.next_sequence, text, mode, images))

    def withdraw_prompt(self, item: str) -> None:
        """The user took a queued prompt back."""
        self._input(WithdrawPrompt(self._rules.attachment, self._rules.inputs.next_sequence, item))

    def send_now(self, item: str) -> None:
        """The user interrupted the running turn, so that a queued prompt is sent; see ``messages.SendNow``."""
        self._input(SendNow(self._rules.attachment, self._rules.inputs.next_sequence, item))

    def interrupt(self) -> None:
        """The user interrupted the running turn."""
        self._input(Interrupt(self._rules.attachment, self._rules.inputs.next_sequence))

    def answer_request(self, agent_request: str, option: str, digest: str, texts: dict[str, str] | None = None) -> None:
        """The user answered a request of the agent; see ``messages.AnswerRequest``."""
        self._input(
            AnswerRequest(
                self._rules.attachment, self._rules.inputs.next_sequence, agent_request, option, digest, texts or {}
            )
        )

    def change_setting(self, setting: str, value: str) -> None:
        """The user changed a setting of the agent's session."""
        self._input(ChangeSetting(self._rules.attachment, self._rules.inputs.next_sequence, setting, value))

    def focus(self, focused: bool) -> None:
        """The viewer got or lost the keyboard focus."""
        if not self.read_only:
            self._input(Focus(self._rules.attachment, self._rules.inputs.next_sequence, focused))
