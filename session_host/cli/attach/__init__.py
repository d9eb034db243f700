"""``outlive attach``: shows a chat in this terminal.

command          the verb
outer_terminal   this terminal: raw mode, writing without blocking, restoring it
input_parser     parses the terminal's input into keys, text, mouse and reports
input_sequences  the meaning of one control sequence
input_values     the user's input, as values
key_codes        tables of key codes
painter          rows of the replica as bytes for this terminal
frame_pacing     when the next frame may be painted
attachment       connects a viewer and this terminal
terminal_attachment  the same for a chat in a terminal
scrolled_back/   the keys while the chat is scrolled back
chat/            the same for a structured chat
"""
