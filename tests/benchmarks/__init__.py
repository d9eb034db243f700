"""Measures the speed of Outlive, always as ratios to other programs in the same run.

``python -m tests.benchmarks [NAME…] [--rounds N] [--json]``

An absolute figure depends mostly on the machine. So each benchmark lets Outlive and its peer (tmux, dtach, konsole,
alacritty, xterm, or a bare PTY) do the same thing in turns, in several rounds, and compares the medians. Peers are
Debian packages; the report names missing ones as skipped. The test suite runs no benchmark, since other load on the
machine would make it fail.

Each benchmark's docstring defines what it measures; ``RESULTS.md`` has what they said.
"""
