"""The client's methods that the agent calls, where they are offered: files and terminals. The host carries them out."""

from __future__ import annotations

import shlex
from typing import Any, Final

import msgspec

from session_host.structured.dialects import reading
from session_host.structured.dialects.json_rpc import INVALID_PARAMS
from session_host.structured.items import Append, Item, Put
from session_host.structured.operations import (
    AnyResult,
    EndTerminal,
    OperationDone,
    ReadText,
    StartTerminal,
    TerminalEnded,
    TerminalOutput,
    WriteText,
)
from session_host.structured.text import without_sequences

from .items import Messages, Tools
from .state import (
    REQUEST_CANCELLED,
    RESOURCE_NOT_FOUND,
    PendingOperation,
    Shared,
    Terminal,
    decode_id,
    encode_id,
    operation_error,
)

OUTPUT_BYTES: Final = 512 * 1024
"""The most output of a terminal that is kept, and the limit if the agent sets none."""

SHOWN_BYTES: Final = 64 * 1024
"""How much output is kept for the user, even if the agent's limit is lower."""

MAX_TERMINALS: Final = 32
"""How many terminals may be in use; as many released ones are kept."""

_SHELL_CHARACTERS: Final = frozenset(" \t\n;&|<>()$`\\\"'*?[]#~{}")
"""A command without arguments that has one of these characters is run by a shell: some agents send whole lines."""

FILE_METHODS = frozenset({"fs/read_text_file", "fs/write_text_file"})
TERMINAL_METHODS = frozenset({f"terminal/{name}" for name in ("create", "output", "wait_for_exit", "kill", "release")})


class ClientMethods:
    """Routes the agent's requests, and the results of the host."""

    def __init__(self, shared: Shared, messages: Messages, tools: Tools) -> None:
        self._shared = shared
        self._terminals = Terminals(shared, messages, tools)

    def receive(self, rpc_id: Any, method: str, params: dict[str, Any]) -> bool:
        """Carry out a request of the agent; returns False if its method is not one of these, or not offered."""
        is_file = method in FILE_METHODS and self._shared.offers("files")
        if not is_file and not (method in TERMINAL_METHODS and self._shared.offers("terminals")):
            return False
        session = self._shared.state.session
        if session and reading.text(params, "sessionId") not in {session, ""}:
            self._shared.rpc.reply_error(rpc_id, INVALID_PARAMS, "the session does not belong to this chat")
        elif is_file:
            self._read_or_write(rpc_id, method, params)
        else:
            self._terminals.receive(rpc_id, method, params)
        return True

    def withdrawn(self, rpc_id: Any) -> None:
        """Handle a cancelled request."""
        self._terminals.withdrawn(rpc_id)

    def take_result(self, result: AnyResult) -> None:
        """Handle the result of an operation."""
        match result:
            case OperationDone():
                pending = self._shared.state.operations.pop(result.id, None)
                if pending is not None and pending.kind == "terminal":
                    self._terminals.started(pending, result)
                elif pending is not None:
                    self._read_or_written(pending, result)
            case TerminalOutput():
                self._terminals.wrote(result)
            case TerminalEnded():
                self._terminals.ended(result)

    # ------------------------------------------------------------ files

    def _read_or_write(self, rpc_id: Any, method: str, params: dict[str, Any]) -> None:
        """Read or write a text file; the agent has asked for the permission before."""
        shared, path = self._shared, reading.text(params, "path")
        text = reading.at(params, "content")
        if not path.startswith("/"):
            shared.rpc.reply_error(rpc_id, INVALID_PARAMS, f"{path!r} is not an absolute path")
        elif method == "fs/read_text_file":
            limit = reading.integer(params, "limit", default=-1)
            operation = ReadText(
                0, path, max(reading.integer(params, "line", default=1), 1), limit if limit >= 0 else None
            )
            shared.request_operation(operation, PendingOperation(encode_id(rpc_id), "read", path))
        elif isinstance(text, str):
            shared.request_operation(WriteText(0, path, text), PendingOperation(encode_id(rpc_id), "write", path))
        else:
            shared.rpc.reply_error(rpc_id, INVALID_PARAMS, "the content is not a text")

    def _read_or_written(self, pending: PendingOperation, result: OperationDone) -> None:
        """Reply with the result of reading or writing a file."""
        rpc_id = decode_id(pending.rpc_id)
        if result.error:
            self._shared.rpc.reply_error(rpc_id, *operation_error(pending.name, result))
        else:
            self._shared.rpc.reply(rpc_id, {"content": result.text} if pending.kind == "read" else {})


class Terminals:
    """The terminals that the agent created."""

    def __init__(self, shared: Shared, messages: Messages, tools: Tools) -> None:
        self._shared = shared
        self._messages = messages
        self._tools = tools

    def receive(self, rpc_id: Any, method: str, params: dict[str, Any]) -> None:
        """Handle a request to create or use a terminal."""
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
                self._shared.port.start_operation(EndTerminal(0, name))
            case _:
                self._release(name, terminal)
                rpc.reply(rpc_id, {})

    def withdrawn(self, rpc_id: Any) -> None:
        """Handle a cancelled request."""
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
        arguments = [argument for argument in reading.array(params, "args") if isinstance(argument, str)]
        directory = reading.text(params, "cwd")
        in_use = sum(not terminal.released for terminal in state.terminals.values())
        if not command or (directory and not directory.startswith("/")):
            reason = f"{directory!r} is not an absolute path" if command else "the command is missing"
            shared.rpc.reply_error(rpc_id, INVALID_PARAMS, reason)
            return
        if in_use >= MAX_TERMINALS:
            shared.rpc.reply_error(rpc_id, INVALID_PARAMS, f"{in_use} terminals are in use: release some")
            return
        is_line = not arguments and not _SHELL_CHARACTERS.isdisjoint(command)
        argv = ("/bin/sh", "-c", command) if is_line else (command, *arguments)
        limit = reading.integer(params, "outputByteLimit", default=OUTPUT_BYTES)
        terminal = Terminal(
            command if is_line else shlex.join(argv),
            directory or state.start.directory,
            min(max(limit, 0), OUTPUT_BYTES),
        )
        env = reading.array(params, "env")
        variables = {reading.text(variable, "name"): reading.text(variable, "value") for variable in env}
        name = shared.new_id("terminal")
        state.terminals[name] = terminal
        shared.request_operation(
            StartTerminal(0, name, argv, directory, _environment(variables), _kept_bytes(terminal)),
            PendingOperation(encode_id(rpc_id), "terminal", name),
        )

    def started(self, pending: PendingOperation, result: OperationDone) -> None:
        """Reply whether the program was started."""
        rpc_id = decode_id(pending.rpc_id)
        if result.error:
            del self._shared.state.terminals[pending.name]
            self._shared.rpc.reply_error(rpc_id, *operation_error(result.error, result))
        else:
            self._shared.rpc.reply(rpc_id, {"terminalId": pending.name})

    def ended(self, result: TerminalEnded) -> None:
        """Reply to all requests that wait for the program's end."""
        shared, terminal = self._shared, self._shared.state.terminals.get(result.terminal)
        if terminal is None:
            return
        terminal.ended, terminal.exit_code, terminal.signal = True, result.exit_code, result.signal
        if result.lost:
            line = reading.one_line(terminal.command, 120)
            shared.port.notice(f"Outlive's process for this chat was restarted, which ended this program: {line}")
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
            self._shared.port.start_operation(EndTerminal(0, name))

    def _forget_released(self) -> None:
        """Forget the oldest released terminals, and shorten the output of the others."""
        terminals = self._shared.state.terminals
        unused = [name for name, terminal in terminals.items() if terminal.released and terminal.ended]
        for name in unused:
            _cut(terminals[name], SHOWN_BYTES)
        for name in unused[: max(0, len(unused) - MAX_TERMINALS)]:
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
            self._shared.new_id("tool"),
            "tool",
            port.now_ms,
            turn=self._shared.state.turn,
            title=terminal.command,
            tool="execute",
            command=terminal.command,
            directory=terminal.directory,
        )
        terminal.item = msgspec.structs.replace(
            first,
            exit_code=terminal.exit_code,
            ended_ms=port.now_ms if terminal.ended else 0,
            status="running" if not terminal.ended else "failed" if terminal.exit_code != 0 else "done",
        )
        port.emit(Put(msgspec.structs.replace(terminal.item, output=terminal.shown)))


def _kept_bytes(terminal: Terminal) -> int:
    return max(terminal.limit, SHOWN_BYTES)


def _cut(terminal: Terminal, max_bytes: int) -> None:
    """Drop the oldest output, so that at most this many bytes are left."""
    output = _last_bytes(terminal.output, max_bytes)
    terminal.cut = terminal.cut or output != terminal.output
    terminal.output = output


def _last_bytes(text: str, max_bytes: int) -> str:
    """The end of a text, at most this many bytes of it; it begins with a whole character."""
    data = text.encode()
    return text if len(data) <= max_bytes else data[len(data) - max_bytes :].decode(errors="ignore")


def _output(terminal: Terminal) -> dict[str, Any]:
    whole = without_sequences(terminal.output)
    output = _last_bytes(whole, terminal.limit)
    reply = {"output": output, "truncated": terminal.cut or output != whole}
    return {**reply, "exitStatus": _exit_status(terminal)} if terminal.ended else reply


def _exit_status(terminal: Terminal) -> dict[str, Any]:
    return {"exitCode": terminal.exit_code, "signal": terminal.signal}


def _environment(variables: dict[str, str]) -> dict[str, str]:
    """The variables without those that a process cannot have."""
    return {
        name: value
        for name, value in variables.items()
        if name and "=" not in name and "\0" not in name and "\0" not in value
    }
