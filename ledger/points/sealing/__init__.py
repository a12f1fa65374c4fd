"""The sealed log of a center: leaves, blocks, checkpoints, keys, and the balances kept with each block."""
