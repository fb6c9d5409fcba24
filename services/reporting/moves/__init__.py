"""How claims really move, from the record: which stage follows which, where they wait, what is walked twice, by which roads."""
