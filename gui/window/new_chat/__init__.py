"""The sheet that starts a chat.

sheet                the sheet for a new chat
field_grid           fields with their labels
name_field           the name, different from those of running chats
start_fields         the fields that an agent's last start fills in
fields               composite fields of the sheet
request              the user's launch request, read from the fields
agent_tiles          the agents as tiles
prompt_row           the first prompt, with saved prompts
conversation_picker  chooses a conversation to continue
directory_browser    chooses a directory from lists
"""
