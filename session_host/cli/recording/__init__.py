"""``outlive replay`` and ``outlive export``: play a chat's recording, or write it to a file."""
