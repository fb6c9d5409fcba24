"""Stage 7: which letter, to whom, under which number, with which proof of delivery."""
