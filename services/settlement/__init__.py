"""Mass settlement: the feed of a quarter, a city settled from it, what it pays, and the window that answers one bill."""
