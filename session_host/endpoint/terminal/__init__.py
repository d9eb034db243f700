"""The chat in a terminal: ``outlive new endpoint``.

chat             turns the user's entries into questions and commands, one at a time
answer           shows one answer while it arrives
command_actions  carries out the slash commands
completion       the slash commands' help and completion
question_queue   questions that were entered during an answer
"""
