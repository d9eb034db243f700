"""Actions on chats: launch, resume, fork, answer, restore, remove."""
