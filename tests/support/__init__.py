"""What tests are made with: waiting, processes, displays, a corner of one's own, the leak check."""
