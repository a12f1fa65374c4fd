"""The whole book for tools that are not ours: as journals that they check, with our balances asserted at the end."""
