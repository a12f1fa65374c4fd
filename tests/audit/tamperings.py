"""Tamperings by somebody with the database password, and the check that must name each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tampering:
    """A statement run on a table after all its constraints and triggers were removed."""

    deed: str
    check: str
    table: str
    statement: str


TAMPERINGS = (
    Tampering(
        "a member's points are raised", "credits_posted", "account",
        "UPDATE account SET credits_posted = credits_posted + 500 WHERE kind = 'member'",
    ),
    Tampering(
        "a hold is taken off", "debits_pending", "account",
        "UPDATE account SET debits_pending = 0 WHERE debits_pending > 0",
    ),
    Tampering(
        "a spending is forgotten", "debits_posted", "account",
        "UPDATE account SET debits_posted = 0 WHERE kind = 'member' AND unit = 'point'",
    ),
    Tampering(
        "a promise is invented", "credits_pending", "account",
        "UPDATE account SET credits_pending = credits_pending + 1 WHERE kind = 'stock'",
    ),
    Tampering(
        "a version is skipped", "version", "account",
        "UPDATE account SET version = version + 1 WHERE kind = 'member'",
    ),
    Tampering(
        "an account forgets its last movement", "last_recorded_at", "account",
        "UPDATE account SET last_recorded_at = NULL WHERE kind = 'stock'",
    ),
    Tampering(
        "an account is gone", "side_without_account", "account",
        "DELETE FROM account WHERE id = (SELECT max(id) FROM account WHERE kind = 'member')",
    ),
    Tampering(
        "a balance after is rewritten", "balance_after", "transfer",
        "UPDATE transfer SET credit_balance_after = credit_balance_after + 1 WHERE credit_balance_after IS NOT NULL",
    ),
    Tampering(
        "a held amount after is rewritten", "held_after", "transfer",
        "UPDATE transfer SET debit_held_after = 0 WHERE debit_held_after > 0",
    ),
    Tampering(
        "an amount is rewritten", "balance_after", "transfer",
        "UPDATE transfer SET amount = amount + 1 WHERE code = 'award'",
    ),
    Tampering(
        "more is spent than there was", "below_zero", "transfer",
        "UPDATE transfer SET amount = 100000 WHERE code = 'redemption'",
    ),
    Tampering(
        "a movement is put elsewhere in the order", "version_chain", "transfer",
        "UPDATE transfer SET debit_version = debit_version + 1000 WHERE debit_version = 2",
    ),
    Tampering(
        "a movement is taken out", "version_chain", "transfer",
        "DELETE FROM transfer WHERE code = 'award'",
    ),
    Tampering(
        "a movement is dated back", "time_runs_back", "transfer",
        "UPDATE transfer SET recorded_at = (SELECT min(recorded_at) FROM transfer) WHERE kind = 'post'",
    ),
    Tampering(
        "a movement is given another day than its batch", "batch_differs", "transfer",
        "UPDATE transfer SET recorded_at = (SELECT max(recorded_at) FROM transfer)",
    ),
    Tampering(
        "a batch is dated back", "batch_differs", "batch",
        "UPDATE batch SET recorded_at = (SELECT min(recorded_at) FROM batch) WHERE step = 'void'",
    ),
    Tampering(
        "a batch is gone", "batch_differs", "batch",
        "DELETE FROM batch WHERE step = 'void'",
    ),
    Tampering(
        "a hold is confirmed for more", "resolution_differs", "transfer",
        "UPDATE transfer SET amount = amount + 1 WHERE kind = 'post'",
    ),
    Tampering(
        "something else than a hold is confirmed", "resolution_differs", "transfer",
        """UPDATE transfer SET pending_id = (SELECT min(id) FROM transfer WHERE kind = 'posted')
        WHERE kind = 'post'""",
    ),
    Tampering(
        "a hold is resolved twice", "resolved_twice", "transfer",
        """UPDATE transfer SET pending_id = (SELECT min(pending_id) FROM transfer)
        WHERE pending_id = (SELECT max(pending_id) FROM transfer)""",
    ),
    Tampering(
        "a reversal is of something else", "reversal_differs", "transfer",
        "UPDATE transfer SET reverses_id = (SELECT min(id) FROM transfer) WHERE reverses_id IS NOT NULL",
    ),
    Tampering(
        "a transfer is reversed twice", "reversed_twice", "transfer",
        """UPDATE transfer SET reverses_id = (SELECT min(reverses_id) FROM transfer) WHERE reverses_id IS NOT NULL""",
    ),
    Tampering(
        "a refund is larger than the sale", "refunded_too_much", "transfer",
        """UPDATE transfer SET refund_of = (SELECT min(id) FROM transfer WHERE code = 'redemption')
        WHERE code = 'hours'""",
    ),
    Tampering(
        "a transfer changes its unit", "side_does_not_fit", "transfer",
        "UPDATE transfer SET unit = 'minute' WHERE code = 'award'",
    ),
    Tampering(
        "an account changes its unit", "unit_unbalanced", "account",
        "UPDATE account SET unit = 'minute' WHERE kind = 'member' AND unit = 'point'",
    ),
    Tampering(
        "a batch is emptied", "batch_empty", "batch",
        """INSERT INTO batch (center_id, id, source_type, source_ref, step, effective_at, recorded_at, actor_id, reason,
        evidence_hash) SELECT center_id, 77, 'attendance', source_ref, 'more', effective_at, recorded_at, actor_id,
        reason, evidence_hash FROM batch WHERE step = 'award:1'""",
    ),
    Tampering(
        "an attendance is given more minutes", "minutes_by_rule", "attendance",
        "UPDATE attendance SET minutes = minutes + 60 WHERE status = 'CONFIRMED'",
    ),
    Tampering(
        "an attendance is given more points", "points_by_rule", "attendance",
        "UPDATE attendance SET points = points + 60 WHERE review_reason IS NULL",
    ),
    Tampering(
        "a forgotten check-out is given points", "points_by_rule", "attendance",
        "UPDATE attendance SET points = 200 WHERE review_reason = 'AUTO_CLOSED'",
    ),
    Tampering(
        "minutes are posted for nothing", "attendance_posted", "attendance",
        "UPDATE attendance SET minutes = 0",
    ),
    Tampering(
        "the rule is taken away", "rule_missing", "attendance",
        "UPDATE attendance SET rule_id = NULL",
    ),
    Tampering(
        "somebody came earlier", "came_at", "attendance",
        "UPDATE attendance SET opened_at = (SELECT min(recorded_at) FROM batch)",
    ),
    Tampering(
        "somebody left later", "left_at", "attendance",
        "UPDATE attendance SET closed_at = (SELECT max(recorded_at) FROM batch)",
    ),
    Tampering(
        "hours are given to somebody else", "scan_differs", "attendance",
        """UPDATE attendance SET volunteer_id = (SELECT max(id) FROM volunteer)
        WHERE volunteer_id <> (SELECT max(id) FROM volunteer)""",
    ),
    Tampering(
        "a scan is given to somebody else", "scan_differs", "scan_event",
        "UPDATE scan_event SET volunteer_id = 5 WHERE reason = 'OK_OUT'",
    ),
    Tampering(
        "a confirmed attendance is rejected afterwards", "attendance_posted", "attendance",
        "UPDATE attendance SET status = 'REJECTED' WHERE status = 'CONFIRMED'",
    ),
    Tampering(
        "an award is moved to another revision", "award_missing", "attendance",
        "UPDATE attendance SET revision = 2 WHERE status = 'CONFIRMED'",
    ),
    Tampering(
        "a receipt shows less", "redemption_total", "redemption",
        "UPDATE redemption SET total = 1 WHERE status = 'CONFIRMED'",
    ),
    Tampering(
        "a line has more goods for its points", "line_points", "redemption_line",
        "UPDATE redemption_line SET quantity = quantity + 1",
    ),
    Tampering(
        "a price is rewritten", "line_points", "item_price",
        "UPDATE item_price SET points = points + 1",
    ),
    Tampering(
        "a line names another movement", "line_transfer", "redemption_line",
        "UPDATE redemption_line SET points_transfer_id = goods_transfer_id",
    ),
    Tampering(
        "a sale is called a void", "redemption_posted", "redemption",
        "UPDATE redemption SET status = 'VOIDED' WHERE status = 'CONFIRMED'",
    ),
    Tampering(
        "receipts are thrown away", "redeemed", "redemption",
        "UPDATE redemption SET status = 'VOIDED' WHERE status = 'CONFIRMED'",
    ),
    Tampering(
        "a hold is called released", "redemption_held", "redemption",
        "UPDATE redemption SET status = 'RELEASED' WHERE status = 'HELD'",
    ),
    Tampering(
        "a receipt is dated back", "receipt_time", "redemption",
        "UPDATE redemption SET confirmed_at = (SELECT min(recorded_at) FROM batch) WHERE receipt_number = 1",
    ),
    Tampering(
        "a receipt shows another balance", "receipt_balance", "redemption",
        "UPDATE redemption SET balance_after = balance_after + 1 WHERE receipt_number = 1",
    ),
    Tampering(
        "a receipt number is skipped", "receipt_gap", "redemption",
        "UPDATE redemption SET receipt_number = 9 WHERE receipt_number = 3",
    ),
    Tampering(
        "a receipt counter is set", "receipt_counter", "receipt_counter",
        "UPDATE receipt_counter SET last_number = 7",
    ),
    Tampering(
        "a delivery is larger", "delivered", "goods_in_line",
        "UPDATE goods_in_line SET quantity = quantity + 1",
    ),
    Tampering(
        "a delivery is gone", "source_missing", "goods_in",
        "DELETE FROM goods_in",
    ),
    Tampering(
        "an attendance is gone", "source_missing", "attendance",
        "DELETE FROM attendance",
    ),
)  # fmt: skip
