"""The window's actions, shared by keys, menus and the palette: their table, and what each of them does."""
