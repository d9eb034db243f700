"""The keeper's processes: forked hosts, its children, and unrelated processes."""
