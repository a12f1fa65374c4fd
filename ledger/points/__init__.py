"""The ledger: one double-entry book for minutes, points and goods."""

import ledger.points.errors
