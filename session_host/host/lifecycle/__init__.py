"""A host's ownership of its session, and its writes to the store."""
