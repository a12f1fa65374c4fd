"""In which order tests run: the slow ones first, so that no process is left alone with one at the end.

A table and no guess: the seconds are those of the table that `--durations` gives, renewed when it stops to fit. Within
the fast and within the slow ones the order is whatever it was, by name or at random, and tests on the same database
stay together, because each change of it is a new database.
"""
