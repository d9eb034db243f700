"""Shows a structured chat as text in this terminal, with a prompt below.

attachment  connects the viewer and the terminal: keys, painting
page        the lines of the transcript that are in sight; pure
prompt_box  the text that the user writes; pure
question    how keys and texts answer an agent's question; pure
rows        lines of text as rows of cells; pure
plain       the same line by line, for a terminal without a cursor
line_log    the lines that are complete and not printed yet; pure
"""
