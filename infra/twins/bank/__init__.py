"""The bank's twin: a program of its own that reads our payment files and answers them; it shares no code with the product."""
