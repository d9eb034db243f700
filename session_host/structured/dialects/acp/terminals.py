"""The client's methods for terminals; the host runs them (``session_host.structured.acts``).

A terminal's output stands in the tool call that shows it. One that no tool call shows has an item of its own, so that
nothing runs unseen.
"""

from __future__ import annotations

import shlex
from typing import Any, Final

import msgspec

from session_host.structured.acts import ActDone, EndTerminal, StartTerminal, TerminalEnded, TerminalOutput
from session_host.structured.dialects import reading
from session_host.structured.dialects.json_rpc import INVALID_PARAMS
from session_host.structured.items import Append, Item, Put
from session_host.structured.text_line import without_sequences

from .messages import Messages
from .shared import REQUEST_CANCELLED, RESOURCE_NOT_FOUND, Shared, act_error, decode_id, encode_id
from .state import PendingAct, Terminal
from .tools import Tools

OUTPUT_BYTES: Final = 512 * 1024
"""The most output of a terminal that is kept, and the limit where the agent names none."""

SHOWN_BYTES: Final = 64 * 1024
"""How much the user sees at least, where the agent wants less."""

MOST_TERMINALS: Final = 32
"""How many may be in use; of those that are released, as many are kept."""

_OF_SHELLS: Final = frozenset(" \t\n;&|<>()$`\\\"'*?[]#~{}")
"""A command without arguments that has one of these is a line for a shell: so some agents use the method."""


class Terminals:
    """The terminals that the agent has made."""

    def __init__(self, shared: Shared, messages: Messages, tools: Tools) -> None:
        self._shared = shared
        self._messages = messages
        self._tools = tools

    def receive(self, rpc_id: Any, method: str, params: dict[str, Any]) -> None:
        """The agent makes or uses a terminal."""
        if method == "terminal/create":
            self._create(rpc_id, params)
            return
        rpc, name = self._shared.rpc, reading.text(params, "terminalId")
        terminal = self._shared.state.terminals.get(name)
        if terminal is None or terminal.released:
            rpc.reply_error(rpc_id, RESOURCE_NOT_FOUND, f"Resource not found: terminal {name}")
            return
        match method:
            case "terminal/output":
                rpc.reply(rpc_id, _output(terminal))
            case "terminal/wait_for_exit" if terminal.ended:
                rpc.reply(rpc_id, _exit_status(terminal))
            case "terminal/wait_for_exit":
                terminal.waiting.append(encode_id(rpc_id))
            case "terminal/kill" if terminal.ended:
                rpc.reply(rpc_id, {})
            case "terminal/kill":
                terminal.killing.append(encode_id(rpc_id))
                self._shared.port.act(EndTerminal(0, name))
            case _:
                self._release(name, terminal)
                rpc.reply(rpc_id, {})

    def taken_back(self, rpc_id: Any) -> None:
        """The agent no longer waits for a reply."""
        encoded = encode_id(rpc_id)
        for terminal in self._shared.state.terminals.values():
            for waiting in (terminal.waiting, terminal.killing):
                if encoded in waiting:
                    waiting.remove(encoded)
                    self._shared.rpc.reply_error(rpc_id, REQUEST_CANCELLED, "cancelled")

    # ------------------------------------------------------------ beginning and end

    def _create(self, rpc_id: Any, params: dict[str, Any]) -> None:
        shared, state = self._shared, self._shared.state
        command = reading.text(params, "command")
        arguments = [each for each in reading.array(params, "args") if isinstance(each, str)]
        directory = reading.text(params, "cwd")
        in_use = sum(not each.released for each in state.terminals.values())
        if not command or (directory and not directory.startswith("/")):
            why = f"{directory!r} is no absolute path" if command else "there is no command"
            shared.rpc.reply_error(rpc_id, INVALID_PARAMS, why)
            return
        if in_use >= MOST_TERMINALS:
            shared.rpc.reply_error(rpc_id, INVALID_PARAMS, f"{in_use} terminals are in use: release some")
            return
        is_line = not arguments and not _OF_SHELLS.isdisjoint(command)
        argv = ("/bin/sh", "-c", command) if is_line else (command, *arguments)
        limit = reading.integer(params, "outputByteLimit", default=OUTPUT_BYTES)
        terminal = Terminal(
            command if is_line else shlex.join(argv), directory or state.start.directory,
            min(max(limit, 0), OUTPUT_BYTES), waiting=[], killing=[],
        )  # fmt: skip
        variables = {reading.text(each, "name"): reading.text(each, "value") for each in reading.array(params, "env")}
        name = shared.new_id("terminal")
        state.terminals[name] = terminal
        shared.keep_act(
            StartTerminal(0, name, argv, directory, _environment(variables), _kept_bytes(terminal)),
            PendingAct(encode_id(rpc_id), "terminal", name),
        )

    def started(self, pending: PendingAct, result: ActDone) -> None:
        """A terminal's program was started, or not."""
        rpc_id = decode_id(pending.rpc_id)
        if result.error:
            del self._shared.state.terminals[pending.name]
            self._shared.rpc.reply_error(rpc_id, *act_error(result.error, result))
        else:
            self._shared.rpc.reply(rpc_id, {"terminalId": pending.name})

    def ended(self, result: TerminalEnded) -> None:
        """A terminal's program has ended: reply to all that wait for that."""
        shared, terminal = self._shared, self._shared.state.terminals.get(result.terminal)
        if terminal is None:
            return
        terminal.ended, terminal.exit_code, terminal.signal = True, result.exit_code, result.signal
        if result.lost:
            line = reading.one_line(terminal.command, 120)
            shared.port.notice(f"Outlive's process for this chat was started again, which has ended: {line}")
        self._show(result.terminal, terminal, "")
        for encoded in terminal.waiting:
            shared.rpc.reply(decode_id(encoded), _exit_status(terminal))
        for encoded in terminal.killing:
            shared.rpc.reply(decode_id(encoded), {})
        terminal.waiting, terminal.killing = [], []
        self._forget_released()

    def _release(self, name: str, terminal: Terminal) -> None:
        terminal.released = True
        if terminal.ended:
            self._forget_released()
        else:
            self._shared.port.act(EndTerminal(0, name))

    def _forget_released(self) -> None:
        """Forget the oldest of the released terminals, and most of the output of the others."""
        terminals = self._shared.state.terminals
        over = [name for name, each in terminals.items() if each.released and each.ended]
        for name in over:
            _cut(terminals[name], SHOWN_BYTES)
        for name in over[: max(0, len(over) - MOST_TERMINALS)]:
            del terminals[name]

    # ------------------------------------------------------------ output

    def wrote(self, result: TerminalOutput) -> None:
        """A terminal's program has written."""
        terminal = self._shared.state.terminals.get(result.terminal)
        if terminal is None:
            return
        if result.dropped:
            terminal.output, terminal.cut = "", True
        terminal.output += result.text
        kept = _kept_bytes(terminal)
        if len(terminal.output) * 4 > 2 * kept and len(terminal.output.encode()) > 2 * kept:
            _cut(terminal, kept)
            self._show(result.terminal, terminal, "")
        else:
            self._show(result.terminal, terminal, "" if result.dropped else result.text)

    def _show(self, name: str, terminal: Terminal, added: str) -> None:
        """Show a terminal's output and end; ``added``: the end of the output, if that is all that changed."""
        if self._tools.terminal_changed(name) or terminal.adopted:
            return
        port, before = self._shared.port, terminal.item
        if before is None:
            self._messages.end_run()
        elif added:
            port.emit(Append(before.id, added, "output"))
            return
        first = before or Item(
            self._shared.new_id("tool"), "tool", port.now_ms, turn=self._shared.state.turn, title=terminal.command,
            tool="execute", command=terminal.command, directory=terminal.directory,
        )  # fmt: skip
        terminal.item = msgspec.structs.replace(
            first, exit_code=terminal.exit_code, ended_ms=port.now_ms if terminal.ended else 0,
            status="running" if not terminal.ended else "failed" if terminal.exit_code != 0 else "done",
        )  # fmt: skip
        port.emit(Put(msgspec.structs.replace(terminal.item, output=terminal.shown)))


def _kept_bytes(terminal: Terminal) -> int:
    return max(terminal.limit, SHOWN_BYTES)


def _cut(terminal: Terminal, most: int) -> None:
    """Drop the oldest output beyond so many bytes."""
    output = _last_bytes(terminal.output, most)
    terminal.cut = terminal.cut or output != terminal.output
    terminal.output = output


def _last_bytes(text: str, most: int) -> str:
    """The end of a text that has at most so many bytes; it begins with a whole character."""
    data = text.encode()
    return text if len(data) <= most else data[len(data) - most :].decode(errors="ignore")


def _output(terminal: Terminal) -> dict[str, Any]:
    whole = without_sequences(terminal.output)
    output = _last_bytes(whole, terminal.limit)
    reply = {"output": output, "truncated": terminal.cut or output != whole}
    return {**reply, "exitStatus": _exit_status(terminal)} if terminal.ended else reply


def _exit_status(terminal: Terminal) -> dict[str, Any]:
    return {"exitCode": terminal.exit_code, "signal": terminal.signal}


def _environment(variables: dict[str, str]) -> dict[str, str]:
    """The variables that a process can have."""
    return {
        name: value
        for name, value in variables.items()
        if name and "=" not in name and "\0" not in name and "\0" not in value
    }
