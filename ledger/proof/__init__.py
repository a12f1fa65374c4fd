"""Proof that nobody rewrote history: leaves, tree, checkpoints and keys. Bytes in, proofs out; no database access."""
