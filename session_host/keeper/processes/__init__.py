"""The keeper's processes: forked hosts, its children, and unrelated processes.

prefork    loads and uses the hosts' code before the fork, so that hosts share its memory
forking    forks a host from the keeper
children   the keeper's children, and their ends
unrelated  hosts and programs that are no children; their ends are seen by pidfds
"""
