"""Drives a session: calls the rules in ``session_host.session`` and carries out their effects.

driver       Driver: a session's rules and what they need; called by every other package of the host
clearer      clears the terminal at a viewer's request; takes back the modes that a killed command left
echo_terminals  shows echoes in the terminals of viewers that allow it
late_replies sends the emulator's replies to the program, those about images a little later
performer    carries out the effects of the rules, in order
chat_steps   what only a structured chat has: records, changes, operations
checkpoints  the emulator's state and the input log's state, written when it is worth it
restore_points  keeps the files of the working tree before each prompt
recover      restores the emulator and the session's state from what the previous host left
recover_chat the same for a structured chat
history      the transcript of the session that a structured chat resumes, the screen of the shell before a shell
"""
