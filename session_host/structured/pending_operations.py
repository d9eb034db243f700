"""Keeps operations without a result, and running terminals, in the state of the rules. Pure."""

from __future__ import annotations

import msgspec

from .operations import (
    LOST,
    AnyOperation,
    AnyResult,
    EndTerminal,
    OperationDone,
    ReadText,
    StartTerminal,
    TerminalEnded,
    WriteText,
)
from .state import RulesState


def add_operation(state: RulesState, operation: AnyOperation) -> AnyOperation:
    """Give an operation its id, and keep it until its result comes, without the text of a file to write."""
    state.operation_count += 1
    operation = msgspec.structs.replace(operation, id=state.operation_count)
    if not isinstance(operation, EndTerminal):
        is_write = isinstance(operation, WriteText)
        state.operations[operation.id] = msgspec.structs.replace(operation, text="") if is_write else operation
    return operation


def remove_operation(state: RulesState, result: AnyResult) -> None:
    """Remove the operation that a result belongs to, or the terminal that has ended."""
    if isinstance(result, OperationDone):
        operation = state.operations.pop(result.id, None)
        if isinstance(operation, StartTerminal) and not result.error:
            state.terminals.append(operation.terminal)
    elif isinstance(result, TerminalEnded) and result.terminal in state.terminals:
        state.terminals.remove(result.terminal)


def lost_operations(state: RulesState) -> tuple[list[AnyResult], list[AnyOperation]]:
    """Finish the operations of a killed host: the results of those that are not repeated, and the operations to start.

    A terminal ends with its host, but processes that ignore SIGHUP may be left: they are ended, too.
    """
    operations = state.operations.values()
    results: list[AnyResult] = [
        OperationDone(each.id, error=LOST) for each in operations if not isinstance(each, ReadText)
    ]
    results += [TerminalEnded(terminal, signal="SIGHUP", lost=True) for terminal in state.terminals]
    terminals = [*(each.terminal for each in operations if isinstance(each, StartTerminal)), *state.terminals]
    reads = [each for each in operations if isinstance(each, ReadText)]
    return results, [*reads, *(EndTerminal(0, terminal) for terminal in terminals)]
