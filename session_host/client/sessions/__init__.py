"""All sessions and their states: the store's rows, merged with the hosts' answers."""
