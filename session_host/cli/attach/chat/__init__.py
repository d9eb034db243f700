"""Shows a structured chat as text in this terminal, with a prompt below."""
