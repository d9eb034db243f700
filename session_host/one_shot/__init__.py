"""The program that runs an agent's command once for each prompt, for agents such as ``codex exec``.

Run it with ``python -m session_host.one_shot``. It reads requests from stdin, runs the agent's command once for each
prompt, and writes the command's output to stdout, all as JSON lines. It knows nothing of hosts and sessions, and does
not interpret the agent's lines: ``session_host/structured/dialects/one_shot.py`` does.

Requests and replies::

                                          ← {"type": "ready", "format": "codex"}
    → {"id": "p1", "prompt": "…", "conversation": "", "again": false}
                                          ← {"type": "started", "id": "p1"}
                                          ← {"type": "line", "data": {…}}     JSON of the command
                                          ← {"type": "text", "data": "…"}     anything else
    → {"interrupt": true}                 ← {"type": "ended", "id": "p1", "code": 0, "signal": 2, "stderr": "…"}
                                          ← {"type": "refused", "id": "p1", "error": "…"}

``conversation`` is the agent's id of the conversation, once it is known; ``again``: this is not its first turn.
"""
