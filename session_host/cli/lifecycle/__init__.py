"""Subcommands that start, end and change chats; one file for each.

kill          end a chat's agent at once
left          what stop, kill and rm do about processes that an ended chat left behind
kill_all      end every running chat at once
new           start a chat
new_endpoint  options of ``outlive new endpoint``: server, model and key
pin           pin or unpin a chat
rename        give a chat another name
resume        resume an ended chat in the same conversation
rm            remove an ended chat
stop          ask a chat's agent to exit
upgrade       update running chats to the installed version
"""
