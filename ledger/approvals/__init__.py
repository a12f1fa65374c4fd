"""Approvals: what takes two people is proposed by one and decided by another; each capability registers its kinds."""

import ledger.approvals.errors
