"""``outlive demo``: shows that a chat outlives its window, with real processes.

``command`` runs the demo; ``stage`` is its directories, display and viewers; ``program`` is its agent.

    command   show that a chat outlives its window, with real processes, and measure it
    program   the agent of ``outlive demo``: answers slowly with numbered lines, then waits for the next question
    stage     the demo's own directories, display and viewers, removed afterwards
    terminal  the demo's viewer if no window is installed: ``outlive attach`` in an invisible terminal
"""
