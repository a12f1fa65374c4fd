"""Imports every models.py once, so that `metadata` is the whole schema."""

import ledger.activities.models
import ledger.approvals.models
import ledger.audit.verifying.models
import ledger.checkin.models
import ledger.kernel.changes
import ledger.kernel.founding
import ledger.kernel.idempotency
import ledger.kernel.job_runs
import ledger.kernel.outbox
import ledger.kernel.rate_limit
import ledger.kernel.signals
import ledger.organisations.models
import ledger.people.access.models
import ledger.people.models
import ledger.places.models
import ledger.points.closing.models
import ledger.points.expiry.models
import ledger.points.models
import ledger.points.sealing.models
import ledger.rules.models
import ledger.shop.models
from ledger.kernel.types import Base

metadata = Base.metadata

# Facts: triggers refuse to change or delete rows, except for the remainder and expiry of a lot, the status of a
# proposal, the release time of a freeze, and the end of a key.
APPEND_ONLY = (
    *("batch", "transfer", "lot", "lot_use", "scan_event", "review_decision", "rule_version", "item_price"),
    *("leaf", "block", "tree_node", "checkpoint", "folded_balance", "seal_key"),
    *("proposal", "proposal_decision", "period", "book_freeze", "freeze_release"),
    *("household", "household_change", "founding", "name_shown", "signal", "credential_event", "change", "receipt_gap"),
)

# Tables that don't grow with the book: set-up data, and rows made once a night or a month. All other tables grow.
STEADY = (
    *("center", "place", "team", "shop", "item", "item_price", "unit", "rule_version", "role_grant", "seal_key"),
    *("expiry_run", "verification_run", "period", "book_freeze", "freeze_release", "receipt_counter", "import_draft"),
    *("founding", "change", "receipt_gap"),
)
# Columns with few values: a search for one of them reads a share of all rows.
SHARED = (
    *("center_id", "status", "kind", "unit", "source_type", "channel", "receipt_year"),
    *("place_id", "station_id", "shop_id", "item_id"),
)
