"""The sheet that starts a chat: its fields, and the user's launch request read from them."""
