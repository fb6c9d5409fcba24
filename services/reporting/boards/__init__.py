"""Boards: what is open, how long things take, what was kept, how well files come in; from derived figures and live rows."""
