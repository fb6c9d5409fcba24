"""Work that has stopped and does not go on by itself: named conditions, each with the command that mends it."""
