"""What the user does with chats: starting, continuing, forking, ending, exporting; and their saved prompts."""
