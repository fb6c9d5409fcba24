"""What attackers try, tried here first: `make attack`. Each part runs alone and says what it found."""
