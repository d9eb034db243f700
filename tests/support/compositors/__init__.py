"""Wayland compositors off screen, in which tests use the window as a user does."""
