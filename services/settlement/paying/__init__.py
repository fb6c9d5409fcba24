"""Paying a settlement: its lines in runs of the same machine as claims', the list of whom to tell, what came back."""
