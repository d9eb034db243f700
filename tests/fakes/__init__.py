"""Stand-ins for services which the product's programs talk to; on 127.0.0.1, or on a bus of the test's own."""
