"""The keys' custody: a new field key, values sealed anew with it, the old key put away; while every program runs on."""
