"""Pages drawn on the server; every one works without script."""
