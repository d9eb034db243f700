"""Actions on chats: launch, resume, remove.

launch            starts a session: records it, asks the keeper
launch_request    the user's request to start a chat
launch_spec       the launch spec, built from the request
prepare_start     slow steps of an agent's first start, done beforehand
structured_launch how an agent is started without a terminal
installed_version the abilities of an agent's installed version
settings          ``chats.toml``
last_colors       the colours that a window last showed
notification_rules  which chats the user muted, and the settings of notifications
chat_worktree     a chat's git worktree: made before it starts, removed with it
resumability      whether an ended chat's conversation can be resumed
answers           an agent's answer, from the agent's own record
recent_prompts    the prompts of a chat with their times, from the same record
restore_list      the restore points of a chat with their prompts
earlier_conversations  lists an agent's conversations, and starts a session in one of no chat
opened_elsewhere  other processes that have the conversation open
resume            starts a session in the same conversation
previous_screen   the last screen of a shell that is started again
fork              starts a chat with a copy of a structured chat's conversation
live_terminal     shows a running structured chat in the agent's own terminal, too
pending_end       a chat that has ended, before its host records the end
left_processes    what an ended chat's program left behind
remove            deletes an ended chat: its record, its files, its worktree
retention         the limit on what ended chats take together
"""
