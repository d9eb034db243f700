"""One open chat: its view, and the parts around it in each state."""
