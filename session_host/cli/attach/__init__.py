"""``outlive attach``: this terminal as a viewer of a chat.

command          the verb
outer_terminal   this terminal: raw mode, writing without blocking, restoring it
input_parser     its keyboard: bytes to what the user did
input_sequences  the meaning of one control sequence
input_values     what the user did, as values
key_codes        tables of key codes
painter          rows of the replica as bytes for this terminal
"""
