"""Agents that have one process a turn, run by ``session_host.one_shot``. Pure.

    dialect    turns: the requests to our program, and its messages
    reader     base of the readers, one for each form of output
    codex      events of ``codex exec --json``
    claude     messages of ``claude -p --output-format stream-json``
    opencode   events of ``opencode run --format json``
    plain      the text of any other command
    state      the dialect's state

Such agents ask for no permission: what their settings do not allow, they decline by themselves.
"""
