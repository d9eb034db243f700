"""Fakes of services that the product's programs use, on 127.0.0.1 or on the test's own bus."""
