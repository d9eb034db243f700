"""Acts that have no result yet, and terminals that run, in the state of the rules. Pure."""

from __future__ import annotations

import msgspec

from .acts import LOST, ActDone, AnyAct, AnyResult, EndTerminal, ReadText, StartTerminal, TerminalEnded, WriteText
from .state import RulesState


def note_act(state: RulesState, act: AnyAct) -> AnyAct:
    """Give an act its id, and keep it until its result; of a file to be written, the text is not kept."""
    state.acts_made += 1
    act = msgspec.structs.replace(act, id=state.acts_made)
    if not isinstance(act, EndTerminal):
        state.acts[act.id] = msgspec.structs.replace(act, text="") if isinstance(act, WriteText) else act
    return act


def note_result(state: RulesState, result: AnyResult) -> None:
    """Forget an act that has its result, and a terminal that has ended."""
    if isinstance(result, ActDone):
        act = state.acts.pop(result.id, None)
        if isinstance(act, StartTerminal) and not result.error:
            state.terminals.append(act.terminal)
    elif isinstance(result, TerminalEnded) and result.terminal in state.terminals:
        state.terminals.remove(result.terminal)


def lost_acts(state: RulesState) -> tuple[list[AnyResult], list[AnyAct]]:
    """Settle the acts that a killed host had begun: the results of those that are not repeated, and the acts to do now.

    A terminal ends with its host. Of its program, processes may be left that ignore the hang-up.
    """
    acts = state.acts.values()
    results: list[AnyResult] = [ActDone(each.id, error=LOST) for each in acts if not isinstance(each, ReadText)]
    results += [TerminalEnded(each, signal="SIGHUP", lost=True) for each in state.terminals]
    left = [*(each.terminal for each in acts if isinstance(each, StartTerminal)), *state.terminals]
    return results, [*(each for each in acts if isinstance(each, ReadText)), *(EndTerminal(0, each) for each in left)]
