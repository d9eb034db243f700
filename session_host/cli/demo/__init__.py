"""``outlive demo``: shows that a chat outlives its window, with real processes.

``command`` runs the demo; ``stage`` is its directories, display and window; ``program`` is its agent.

    command  show that a chat outlives its window, with real processes, and measure it
    program  the agent of ``outlive demo``: answers slowly with numbered lines, then waits for the next question
    stage    the demo's own directories, display and window, removed afterwards
"""
