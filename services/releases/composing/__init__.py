"""A plan composed from parts of plans that are there: catalogue, tree, form fields, sample cases. Pure; nothing is kept here."""
