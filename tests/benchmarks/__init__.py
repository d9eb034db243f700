"""Measures the speed of Outlive, always as ratios to other programs in the same run.

``python -m tests.benchmarks [NAME…] [--rounds N] [--json]``

An absolute figure depends mostly on the machine. So each benchmark lets Outlive and its peer (tmux, dtach, konsole,
alacritty, xterm, or a bare PTY) do the same thing in turns, in several rounds, and compares the medians. Peers are
Debian packages; one that is missing is named as skipped. Nothing of this runs as a test: a machine that is busy with
something else would fail it.

    report      series of figures, their medians and ratios, the verdicts; as a table or JSON
    setting     directories, processes and displays of one run; ends what it started, by PID
    peers       the others: which are there, how they are started
    streams     the output that programs write, made deterministically

and one module for each benchmark; its docstring says exactly what is measured.
"""
