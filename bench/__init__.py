"""Measure the ledger in ratios: `make bench`. docs/PERFORMANCE.md explains the results."""
