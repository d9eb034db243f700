"""``outlive demo``: shows that a chat outlives its window, with real processes.

``command`` plays it; ``stage`` is its directories, display and window; ``program`` is its agent.
"""
