"""Proofs for everybody: checkpoints, inclusion and consistency."""
