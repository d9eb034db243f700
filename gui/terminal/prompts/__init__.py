"""A shell's prompts and an agent's turns in a terminal: the way to them, their output, their marks in the margin.

``prompts`` is what the view calls, ``output`` reads the rows of one command, ``margin`` draws the marks, and
``place_label`` says for a moment where one is. This package must not know hosts, tabs or settings.
"""
