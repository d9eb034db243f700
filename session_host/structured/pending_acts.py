"""Keeps acts without a result, and running terminals, in the state of the rules. Pure."""

from __future__ import annotations

import msgspec

from .acts import LOST, ActDone, AnyAct, AnyResult, EndTerminal, ReadText, StartTerminal, TerminalEnded, WriteText
from .state import RulesState


def add_act(state: RulesState, act: AnyAct) -> AnyAct:
    """Give an act its id, and keep it until its result comes, without the text of a file to write."""
    state.acts_made += 1
    act = msgspec.structs.replace(act, id=state.acts_made)
    if not isinstance(act, EndTerminal):
        state.acts[act.id] = msgspec.structs.replace(act, text="") if isinstance(act, WriteText) else act
    return act


def remove_act(state: RulesState, result: AnyResult) -> None:
    """Remove the act that a result belongs to, or the terminal that has ended."""
    if isinstance(result, ActDone):
        act = state.acts.pop(result.id, None)
        if isinstance(act, StartTerminal) and not result.error:
            state.terminals.append(act.terminal)
    elif isinstance(result, TerminalEnded) and result.terminal in state.terminals:
        state.terminals.remove(result.terminal)


def lost_acts(state: RulesState) -> tuple[list[AnyResult], list[AnyAct]]:
    """Finish the acts that a killed host had begun: the results of those that are not repeated, and the acts to do now.

    A terminal ends with its host, but processes that ignore SIGHUP may be left: they are ended, too.
    """
    acts = state.acts.values()
    results: list[AnyResult] = [ActDone(act.id, error=LOST) for act in acts if not isinstance(act, ReadText)]
    results += [TerminalEnded(terminal, signal="SIGHUP", lost=True) for terminal in state.terminals]
    terminals = [*(act.terminal for act in acts if isinstance(act, StartTerminal)), *state.terminals]
    reads = [act for act in acts if isinstance(act, ReadText)]
    return results, [*reads, *(EndTerminal(0, terminal) for terminal in terminals)]
