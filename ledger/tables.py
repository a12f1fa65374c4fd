"""Imports every models.py once, so that `metadata` is the whole schema."""

import ledger.activities.models
import ledger.approvals.models
import ledger.audit.verifying.models
import ledger.checkin.models
import ledger.kernel.idempotency
import ledger.kernel.job_runs
import ledger.kernel.outbox
import ledger.organisations.models
import ledger.people.models
import ledger.places.models
import ledger.points.closing.models
import ledger.points.expiry.models
import ledger.points.models
import ledger.points.sealing.models
import ledger.rules.models
import ledger.shop.models
import ledger.web.models
from ledger.kernel.types import Base

metadata = Base.metadata

# Facts: no row is ever changed or deleted, by trigger; of a lot only what is left of it and how long it is good, of a
# proposal its status, of a freeze when it was released, of a key its end.
APPEND_ONLY = (
    *("batch", "transfer", "lot", "lot_use", "scan_event", "review_decision", "rule_version", "item_price"),
    *("leaf", "block", "tree_node", "checkpoint", "folded_balance", "seal_key"),
    *("proposal", "proposal_decision", "period", "book_freeze", "freeze_release"),
    *("household", "household_change"),
)

# A center has so many of these however long its book gets: what is set up, and what is made once a night or a month.
# Every other table grows.
STEADY = (
    *("center", "place", "team", "shop", "item", "item_price", "unit", "rule_version", "role_grant", "seal_key"),
    *("expiry_run", "verification_run", "period", "book_freeze", "freeze_release", "receipt_counter", "import_draft"),
)
# Columns of few values: to look for one of them is to go through a share of all rows.
SHARED = (
    *("center_id", "status", "kind", "unit", "source_type", "channel", "receipt_year"),
    *("place_id", "station_id", "shop_id", "item_id"),
)
