"""Approvals: one person proposes, another decides. Each capability registers its kinds of proposal."""

import ledger.approvals.errors
