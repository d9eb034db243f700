"""The port of a chat's view: each action of the user calls one of its methods."""

from __future__ import annotations

from typing import Protocol

from session_host.protocol.messages import PromptMode
from session_host.protocol.values import FileLocation, Image


class ChatPort(Protocol):
    """The chat that a view shows. The first six methods are those of the client's viewer."""

    def prompt(self, text: str, mode: PromptMode, images: tuple[Image, ...]) -> None:
        """Send a prompt."""

    def withdraw_prompt(self, item: str) -> None:
        """Take a queued prompt back."""

    def release_held(self, *, discard: bool) -> None:
        """Send the prompts that wait since the turn was stopped, or take them all back."""

    def send_now(self, item: str) -> None:
        """Send a queued prompt now, and stop the running turn for it."""

    def interrupt(self) -> None:
        """Stop the running turn."""

    def answer_request(self, agent_request: str, option: str, digest: str, texts: dict[str, str]) -> None:
        """Answer a request with an option, by both ids; ``digest`` is that of the request as it was shown."""

    def change_setting(self, setting: str, value: str) -> None:
        """Change a setting of the agent's session."""

    def end(self) -> None:
        """End an agent that does not stop."""

    def open_link(self, address: str) -> None:
        """Open a link, with any scheme, or a path."""

    def open_file(self, file: FileLocation) -> None:
        """Open a file that the transcript names; its path may be relative."""

    def show_image(self, image: Image) -> None:
        """Enlarge an image."""

    def show_changes(self) -> None:
        """Show all changes of the chat's directory."""

    def inform(self, text: str) -> None:
        """Show one line to the user."""
