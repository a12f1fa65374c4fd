"""Audit: the trial balance, balances as of any time, the origin of every point, and verification of the whole book."""

import ledger.audit.errors
