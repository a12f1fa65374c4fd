"""Check-in: from a scan to hours to points."""

import ledger.checkin.errors
