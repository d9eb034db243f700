"""The ghostty engine: libghostty-vt behind the Emulator protocol. Fast and complete."""
