"""When things happen. Prefect only: short straight lines, ids in, ids out; every effect is a stage's verb."""
