"""Stand-ins for services which the product's programs talk to; all of them on 127.0.0.1 alone."""
