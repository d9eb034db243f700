"""The pyte engine: subclasses of pyte's parser and screen behind the Emulator protocol. Runs wherever Python runs."""
