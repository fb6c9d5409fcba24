"""Which covers answer one event."""
