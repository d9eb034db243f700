"""The prompt box: a text with images, its completion and history, and the agent's settings below it."""
