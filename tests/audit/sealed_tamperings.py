"""Tamperings with a sealed book, its lots and its two-person decisions, and the check that must name each."""

from tests.audit.tamperings import Tampering

LOTS = (
    Tampering("a lot has more left", "lot_remaining", "lot", "UPDATE lot SET remaining = remaining + 1"),
    Tampering(
        "a use is larger", "lot_remaining", "lot_use", "UPDATE lot_use SET remaining_change = remaining_change - 1"
    ),
    Tampering("a lot is let go", "lot_held", "lot", "UPDATE lot SET held = 0 WHERE held > 0"),
    Tampering(
        "a lot is good for longer",
        "lot_extended",
        "lot",
        "UPDATE lot SET extended_to = '2031-12-31' WHERE expires_on IS NOT NULL",
    ),
    Tampering("a lot is gone", "lots_balance", "lot", "DELETE FROM lot WHERE remaining > 0"),
    Tampering(
        "a member's lots are another's",
        "lots_held",
        "lot",
        """UPDATE lot SET account_id = (SELECT max(account_id) FROM lot)
        WHERE account_id = (SELECT min(account_id) FROM lot)""",
    ),
    Tampering("a use is gone", "lots_debited", "lot_use", "DELETE FROM lot_use WHERE held_change > 0"),
    Tampering("a new lot is larger", "lots_credited", "lot", "UPDATE lot SET amount = amount + 1"),
    Tampering(
        "a use is of another's lot",
        "lot_use_elsewhere",
        "lot_use",
        "UPDATE lot_use SET lot_id = (SELECT max(lot_id) FROM lot_use) + 1",
    ),
    Tampering(
        "a lot comes from a spending",
        "lot_origin",
        "lot",
        "UPDATE lot SET transfer_id = (SELECT min(id) FROM transfer WHERE code = 'redemption')",
    ),
    Tampering(
        "a void makes a new lot",
        "lot_minted",
        "lot",
        "UPDATE lot SET transfer_id = (SELECT max(id) FROM transfer WHERE reverses_id IS NOT NULL AND unit = 'point')",
    ),
    Tampering(
        "a void gives back to a lot what it had not taken",
        "lot_given_back",
        "lot_use",
        """UPDATE lot_use SET remaining_change = 51 WHERE remaining_change > 0""",
    ),
    Tampering(
        "a lot was earned later",
        "lot_dates",
        "lot",
        "UPDATE lot SET earned_at = (SELECT max(recorded_at) FROM batch) WHERE expires_on IS NOT NULL",
    ),
)
DECISIONS = (
    Tampering(
        "an account may go below zero",
        "account_kind",
        "account",
        "UPDATE account SET overdraft = true WHERE kind = 'member'",
    ),
    Tampering("a unit is in no lots", "account_kind", "unit", "UPDATE unit SET in_lots = false"),
    Tampering(
        "the raw ledger gives points to a member",
        "kind_misused",
        "batch",
        "UPDATE batch SET source_type = 'raw' WHERE source_type = 'attendance'",
    ),
    Tampering(
        "an adjustment is called an attendance",
        "kind_misused",
        "batch",
        "UPDATE batch SET source_type = 'attendance' WHERE source_type = 'approval'",
    ),
    Tampering(
        "an account without a transfer has something",
        "unit_total",
        "account",
        "UPDATE account SET credits_posted = credits_posted + 5 WHERE kind = 'debt'",
    ),
    Tampering(
        "a debt is paid too much",
        "debt_overpaid",
        "transfer",
        "UPDATE transfer SET amount = 500 WHERE code = 'debt_paid'",
    ),
    Tampering(
        "somebody else's award is taken back",
        "refund_differs",
        "transfer",
        """UPDATE transfer SET refund_of = (SELECT min(id) FROM transfer WHERE code = 'award')
        WHERE code = 'clawback'""",
    ),
    Tampering(
        "one person decided alone",
        "approved_alone",
        "proposal_decision",
        """UPDATE proposal_decision SET decided_by =
        (SELECT proposed_by FROM proposal WHERE id = proposal_decision.proposal_id)""",
    ),
    Tampering("a decision is gone", "approved_alone", "proposal_decision", "DELETE FROM proposal_decision"),
    Tampering(
        "what was proposed is rewritten",
        "adjustment_posted",
        "proposal",
        "UPDATE proposal SET payload = replace(payload, '300', '200')",
    ),
    Tampering(
        "a proposal is called rejected",
        "adjustment_posted",
        "proposal",
        "UPDATE proposal SET status = 'rejected' WHERE kind = 'points.adjustment'",
    ),
    Tampering(
        "a run was not released",
        "expiry_not_released",
        "expiry_run",
        "UPDATE expiry_run SET status = 'prepared', released_by = NULL, released_at = NULL",
    ),
    Tampering(
        "a lot was good for longer",
        "expired_too_early",
        "lot",
        "UPDATE lot SET expires_on = '2031-12-31' WHERE expires_on IS NOT NULL",
    ),
    Tampering(
        "what expired went elsewhere",
        "expiry_differs",
        "account",
        "UPDATE account SET owner_id = 202801 WHERE kind = 'breakage'",
    ),
    Tampering(
        "a run says another sum",
        "expiry_sum",
        "expiry_run",
        "UPDATE expiry_run SET expired_amount = expired_amount - 1",
    ),
    Tampering(
        "a posting is dated into a closed month",
        "period_closed",
        "batch",
        """UPDATE batch SET effective_at = (SELECT min(effective_at) FROM batch)
        WHERE id = (SELECT max(id) FROM batch WHERE source_type = 'attendance')""",
    ),
)
SEALS = (
    Tampering("a sealed amount is changed", "leaf_differs", "transfer",
              "UPDATE transfer SET amount = amount + 1 WHERE code = 'award'"),
    Tampering("a sealed reason is changed", "leaf_differs", "batch",
              "UPDATE batch SET reason = 'nothing' WHERE source_type = 'approval'"),
    Tampering("a sealed lot is changed", "leaf_differs", "lot", "UPDATE lot SET expires_on = '2031-12-31'"),
    Tampering("a sealed row is deleted", "leaf_differs", "transfer", "DELETE FROM transfer WHERE code = 'hours'"),
    Tampering("a sealed batch is deleted", "leaf_without_batch", "batch",
              "DELETE FROM batch WHERE id = (SELECT max(id) FROM batch)"),
    Tampering("what a batch moved has no account any more", "leaf_without_batch", "account",
              "DELETE FROM account WHERE kind = 'breakage'"),
    Tampering(
        "two rows change places", "leaf_differs", "leaf",
        """UPDATE leaf SET batch_id = CASE leaf_index WHEN 3 THEN (SELECT batch_id FROM leaf WHERE leaf_index = 4)
        ELSE (SELECT batch_id FROM leaf WHERE leaf_index = 3) END WHERE leaf_index IN (3, 4)""",
    ),
    Tampering(
        "a batch is slipped in with an old date", "batch_without_leaf", "batch",
        """INSERT INTO batch (center_id, id, source_type, source_ref, step, effective_at, recorded_at, actor_id, reason,
        evidence_hash) SELECT center_id, 77, source_type, source_ref, 'more', effective_at, recorded_at, actor_id,
        reason, evidence_hash FROM batch WHERE source_type = 'approval'""",
    ),
    Tampering(
        "what a late block holds is older than the block before", "slipped_in", "batch",
        """UPDATE batch SET recorded_at = (SELECT min(recorded_at) FROM batch)
        WHERE id = (SELECT max(id) FROM batch)""",
    ),
    Tampering("a leaf is rewritten", "leaf_differs", "leaf",
              "UPDATE leaf SET hash = (SELECT hash FROM leaf WHERE leaf_index = 0) WHERE leaf_index = 20"),
    Tampering("a leaf is taken out", "leaf_missing", "leaf", "DELETE FROM leaf WHERE leaf_index = 100"),
    Tampering("the last leaf is taken off", "leaf_missing", "leaf",
              "DELETE FROM leaf WHERE leaf_index = (SELECT max(leaf_index) FROM leaf)"),
    Tampering(
        "a batch is sealed twice", "sealed_twice", "leaf",
        "UPDATE leaf SET batch_id = (SELECT batch_id FROM leaf WHERE leaf_index = 2) WHERE leaf_index = 9",
    ),
    Tampering(
        "a sealed batch waits again", "waits_for_nothing", "unsealed",
        "INSERT INTO unsealed (center_id, batch_id) SELECT center_id, id FROM batch WHERE source_type = 'approval'",
    ),
    Tampering("the last block is gone", "leaf_without_block", "block",
              "DELETE FROM block WHERE number = (SELECT max(number) FROM block)"),
    Tampering("a block is given another number", "block_order", "block",
              "UPDATE block SET number = 9 WHERE number = 2"),
    Tampering("a block has another root", "block_root", "block",
              "UPDATE block SET root = (SELECT root FROM block WHERE number = 1) WHERE number = 2"),
    Tampering("a block is dated back", "block_times", "block",
              "UPDATE block SET closed_at = (SELECT min(closed_at) FROM block) WHERE number = 3"),
    Tampering("a block is called late", "block_late", "block", "UPDATE block SET late = true WHERE number = 3"),
    Tampering("a kept balance is rewritten", "folded_balance", "folded_balance",
              "UPDATE folded_balance SET balance = balance + 1 WHERE block_number = 1"),
    Tampering("a kept balance is gone", "folded_balance", "folded_balance",
              "DELETE FROM folded_balance WHERE block_number = (SELECT max(block_number) FROM folded_balance)"),
    Tampering("a node is rewritten", "node", "tree_node",
              "UPDATE tree_node SET hash = (SELECT hash FROM leaf WHERE leaf_index = 0)"),
    Tampering("a node is too many", "node_count", "tree_node",
              "INSERT INTO tree_node (center_id, level, position, hash) SELECT center_id, 2, 0, hash FROM tree_node"),
    Tampering("a checkpoint is gone", "checkpoint_missing", "checkpoint", "DELETE FROM checkpoint WHERE size < 20"),
    Tampering("a checkpoint is put elsewhere", "checkpoint_without_block", "checkpoint",
              "UPDATE checkpoint SET size = size + 1 WHERE size < 20"),
    Tampering("a checkpoint is signed anew by nobody", "checkpoint_signature", "checkpoint",
              "UPDATE checkpoint SET text = replace(text, ' ', '  ') WHERE size < 20"),
    Tampering(
        "a checkpoint has the text of another", "checkpoint_size", "checkpoint",
        """UPDATE checkpoint SET text = (SELECT text FROM checkpoint WHERE key_id = (SELECT max(id) FROM seal_key)
        ORDER BY size LIMIT 1) WHERE key_id = (SELECT max(id) FROM seal_key)""",
    ),
    Tampering("a checkpoint has another root beside its text", "checkpoint_root", "checkpoint",
              "UPDATE checkpoint SET root = (SELECT hash FROM leaf WHERE leaf_index = 0) WHERE size < 20"),
    Tampering("a key is changed for another", "checkpoint_signature", "seal_key",
              "UPDATE seal_key SET public_key = (SELECT hash FROM leaf WHERE leaf_index = 0)"),
    Tampering("a key was not named by the one before", "key_not_named", "seal_key",
              "UPDATE seal_key SET endorsement = NULL"),
)  # fmt: skip
