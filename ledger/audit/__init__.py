"""Audit: trial balance, balances as of any time, where a point came from, and the proof that it all adds up."""

import ledger.audit.errors
