"""A stand-in of a hospital's settlement program, for training, demo and tests. It imports nothing of the product."""
