"""Search in all chats: the sheet, recorded text, and opening a result."""
