"""A viewer: follows one session with a replica, and sends what the user does."""
