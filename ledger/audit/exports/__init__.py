"""Export the whole book as journals for other tools, which check our balances asserted at the end."""
