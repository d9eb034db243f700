"""``outlive demo``: shows that a chat outlives its window, with real processes."""
