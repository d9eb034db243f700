"""The widgets of a page's open requests: what is asked, whether the user has seen it, and the answers."""
