"""The insurer as it is met outside."""
