"""The part of the fake ACP agent that uses the client's files and terminals."""

from __future__ import annotations

from typing import Any

import acp
from acp import schema


class ClientUse:
    """Carries out the words of a prompt that use the client; see ``fake_acp_agent``."""

    def __init__(self) -> None:
        self._terminal = ""
        self._calls = 0

    async def do(self, client: Any, session: str, word: str, rest: str) -> str:
        """Use a method of the client; returns its result, or its error."""
        try:
            match word:
                case "read":
                    path, *numbers = rest.split()
                    line, limit = (int(each) for each in numbers) if numbers else (None, None)
                    return str((await client.read_text_file(session, path, line=line, limit=limit)).content)
                case "write":
                    path, _, text = rest.partition(" ")
                    await client.write_text_file(session, path, text)
                    return "written"
                case "start" | "loose":
                    return await self._start(client, session, word, rest)
                case _:
                    return await self._use(client, session, word)
        except acp.RequestError as error:
            return f"{error.code}: {error}"

    async def _start(self, client: Any, session: str, word: str, rest: str) -> str:
        limit, _, command = rest.partition(" ") if word == "start" else ("", "", rest)
        terminal = await client.create_terminal(session, command, output_byte_limit=int(limit) if limit else None)
        self._terminal = terminal.terminal_id
        if word == "start":
            self._calls += 1
            content = schema.TerminalToolCallContent(terminal_id=terminal.terminal_id, type="terminal")
            call = acp.start_tool_call(f"terminal-{self._calls}", "Run it", kind="execute", content=[content])
            await client.session_update(session, call)
        return "started"

    async def _use(self, client: Any, session: str, word: str) -> str:
        terminal = self._terminal
        match word:
            case "output":
                answer = await client.terminal_output(session, terminal)
            case "wait":
                answer = await client.wait_for_terminal_exit(session, terminal)
            case "kill":
                answer = await client.kill_terminal(session, terminal)
            case _:
                answer = await client.release_terminal(session, terminal)
        return "" if answer is None else str(answer.model_dump_json(by_alias=True, exclude_none=True))
