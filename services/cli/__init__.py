"""The `huzhu` command: a door for the people who run and check an office."""
