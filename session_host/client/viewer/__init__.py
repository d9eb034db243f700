"""A viewer: follows one session with a replica, and sends what the user does.

viewer                drives the rules: connection, waits, replica
rules                 what to send, resend and show, and when to connect again; pure
effects               what the rules ask for
state                 a viewer's states, as a table, and the interface of its user
command_times         the times of a shell's commands, for each replica
facts                 what a viewer knows
closing               the viewer's end, after the host has acknowledged the user's input
numbered_input        the user's input as numbered messages
turn_marks            the agent's turns that the replica has not reached yet; pure
answer_watch          notices that the host does not answer; pure
unacknowledged_input  input kept in order until the host acknowledges it
snapshot_receiver     a snapshot's pieces, and the replica made of them
transcript_watch      waits for something in a structured chat's transcript
"""
