"""Identities: one per person in the nation, whatever the person does in a center."""
