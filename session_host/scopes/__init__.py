"""Former path of ``system.systemd``, for keepers of version 0.1 that still run: their hosts import it late."""
