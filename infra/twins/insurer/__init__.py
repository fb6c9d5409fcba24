"""The insurer's twin: a program of its own that speaks PROTOCOL.md and shares no code with the product."""
