"""Everything that can be wrong with a rule-book file: shape, sense, worked cases, mutants."""
