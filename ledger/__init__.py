"""Ningxin (凝心): the ledger of volunteer hours, points and the goods they are exchanged for."""
