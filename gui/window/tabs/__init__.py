"""The open chats: their order, the shown one, and the tab bar."""
