"""``outlive demo``: shows that a chat outlives its window, with real processes.

command      show that a chat outlives its window, with real processes, and measure it
program      the agent of ``outlive demo``: answers slowly with numbered lines, then waits for the next question
environment  the demo's own directories, display and viewers, removed afterwards
terminal     the demo's viewer if no window is installed: ``outlive attach`` in an invisible terminal
"""
