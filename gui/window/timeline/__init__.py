"""The window with a day of all chats: when each worked, and when it waited for the user."""
