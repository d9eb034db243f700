"""Links in the terminal's text: finds, shows and opens them."""
