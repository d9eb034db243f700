"""``outlive events``: what happens in all chats, of this machine and of others."""
