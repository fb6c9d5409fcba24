"""Stage 6: obligations, runs, bank files, returns, heirs and the proof that money arrived."""
