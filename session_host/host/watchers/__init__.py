"""Follows an agent's files, events and titles without polling.

agent_watch          combines all sources, notifies the clients, logs for a replacement host
activity_expiry      the timer of an activity that nothing confirms
plugin_sender        whether a plugin runs in the session's agent
hook_questions       the questions that the agent's hook asks, and their answers
state_file           the agent's own file about its state
foreground           the program in a shell's foreground
suspension           whether the program is suspended
conversation         the conversation that the agent is in
command_times        when a shell's commands began, and how long they ran
open_files           the conversation, by the files that the agent holds open
terminal_title       the conversation, by the terminal's title
transcript           the conversation, by the transcript that the agent writes
activity_log_writer  the log of the activity's changes, written to its file
logged_calls         logs a watcher's exception in place of raising it
"""
