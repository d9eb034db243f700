"""Shows a structured chat as text in this terminal, with a prompt below.

full_screen  connects the viewer and the terminal: keys, painting
page         the visible lines of the transcript; pure
prompt_box   the text that the user writes; pure
attention    rings and notifies when the agent asks or ends a long turn
question     answers to an agent's question by keys and texts; pure
rows         lines of text as rows of cells; pure
plain        shows a structured chat line by line, for a terminal without a cursor
line_log     the lines that are complete and not printed yet; pure
"""
