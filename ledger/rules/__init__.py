"""Rules: what a deed earns, in versions."""

import ledger.rules.errors
