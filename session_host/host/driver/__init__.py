"""The session as the host drives it: calls the rules in ``session_host.session`` and carries out their effects.

session         Session: one program's states, output and input; called by every other room of the host
performer       carries out the effects of the rules, in order
events          the messages that tell a client how the session stands
input_encoding  a user's input as bytes for the program
follower        the interface of a client to the session
recover         restores the emulator and the session's state from what the previous host left
"""
