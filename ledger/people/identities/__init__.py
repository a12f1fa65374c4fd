"""Identities: who somebody is, once in the nation, whatever they are in a center."""
