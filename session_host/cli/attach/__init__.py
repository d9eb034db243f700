"""``outlive attach``: shows a chat in this terminal.

command               the subcommand
chooser               chooses a chat, if none is named
outer_terminal        this terminal: raw mode, writing without blocking, restoring it
outer_signals         bells, notifications and the title for this terminal
signal_queue          passes on the bells and notifications that the user's rules allow
input_parser          parses the terminal's input into keys, text, mouse and reports
input_sequences       the meaning of one control sequence
input_values          the user's input, as values
key_codes             tables of key codes
painter               rows of the replica as bytes for this terminal
shared_output         who may write to this terminal: this process, or the host, which shows echoes
frame_pacing          decides when to paint the next frame
view                  follows a chat until an end; the base of all views
full_screen           connects a viewer and this terminal; the base of the full-screen views
full_screen_terminal  shows a chat's terminal
scrolled_back/        scrolls back and searches
chat/                 shows a structured chat
"""
