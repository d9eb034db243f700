"""What the agent does, read from files, events and titles without polling.

agent_watch          hears all sources, tells the clients, remembers for a successor
state_file           the agent's own file about its state
foreground           the program in a shell's foreground
conversation         the conversation that the agent is in
open_files           the conversation, by the files that the agent holds open
terminal_title       the conversation, by the terminal's title
transcript           the conversation, by the transcript that the agent writes
transcript_guard     keeps a Gemini CLI's transcript from other Gemini CLIs
activity_log_writer  changes of the activity, written to their file
harmless             logs a watcher's failure, and goes on
"""
