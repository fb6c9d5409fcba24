"""Papers, their checks, and the one-time supplement list."""
