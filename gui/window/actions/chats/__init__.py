"""Actions on chats: starting, continuing, forking, ending, exporting; and their saved prompts."""
