"""Usage: what chats used, day by day and in a table, the limits of accounts, and the amounts to ask at."""
