"""The rules of the code, checked."""
