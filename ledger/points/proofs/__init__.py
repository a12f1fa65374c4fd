"""Public proofs: checkpoints, inclusion and consistency."""
