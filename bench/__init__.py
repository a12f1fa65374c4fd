"""Measures of the ledger, as ratios: `make bench`. What they say and why is in docs/PERFORMANCE.md."""
