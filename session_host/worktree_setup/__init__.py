"""The program that sets up a chat's new worktree, and then becomes the agent.

The host runs ``python -m session_host.worktree_setup WORKTREE REPOSITORY COMMAND -- AGENT...`` in the place of the
agent. It runs the user's command in the worktree, by the user's shell; after it, or if the user wants that, it execs
the agent, which gets the same PID, terminal, socket and pipe. So the setup belongs to the chat: it continues without a
window, is recorded, and ends with the chat. It knows nothing of hosts, sessions or agents. Until the agent begins, a
file (option ``--mark``) says that the worktree is not set up, so that a resume of the chat runs it again.

The lines from the chat (→), and the replies (←)::

                                        ← {"worktree_setup": "started"}
                                        ← {"worktree_setup": "output", "text": "…"}
    → {"worktree_setup": "cancel"}      ← {"worktree_setup": "ended", "code": 1, "signal": 0}
    → {"worktree_setup": "again"}       ← {"worktree_setup": "started"}
    → {"worktree_setup": "start"}       from here on, both streams are the agent's

Nothing is written to the program between "ended" and "start" but these answers, and it reads nothing after "start".
"""
