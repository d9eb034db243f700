"""The pyte engine's screen, in layers; each class inherits from the one before."""
