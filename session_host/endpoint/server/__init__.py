"""The model server: its address, its key, requests and errors."""
