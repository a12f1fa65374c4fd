"""Tamperings that totals would miss: errors that cancel out, and wrong rows beside right ones.

A whole book is checked by set statements first and walked only where these find something; each tampering here leaves
some of the compared totals unchanged.
"""

from tests.audit.tamperings import Tampering

_MEMBER = "(SELECT max(id) FROM account WHERE kind = 'member' AND unit = 'point')"
_AWARD = f"(SELECT min(id) FROM transfer WHERE credit_account_id = {_MEMBER})"

SCREENED = (
    Tampering(
        "a balance after is wrong on one row and wrong the other way on the next", "balance_after", "transfer",
        f"""UPDATE transfer SET
        credit_balance_after = credit_balance_after + CASE WHEN credit_account_id = {_MEMBER} THEN 7 ELSE 0 END,
        debit_balance_after = debit_balance_after - CASE WHEN debit_account_id = {_MEMBER} THEN 7 ELSE 0 END
        WHERE (credit_account_id = {_MEMBER} AND credit_version = 1)
        OR (debit_account_id = {_MEMBER} AND debit_version = 2)""",
    ),
    Tampering(
        "two amounts of a member are changed and their sum is not", "balance_after", "transfer",
        """UPDATE transfer SET amount = amount + CASE WHEN id = (SELECT min(id) FROM transfer WHERE code = 'hours')
        THEN 3 ELSE -3 END WHERE id IN (SELECT min(id) FROM transfer WHERE code = 'hours' UNION ALL
        SELECT max(id) FROM transfer WHERE code = 'hours')""",
    ),
    Tampering(
        "an amount is moved from a member to another", "balance_after", "transfer",
        """UPDATE transfer SET amount = amount + CASE WHEN id = (SELECT min(id) FROM transfer WHERE code = 'award')
        THEN 5 ELSE -5 END WHERE id IN (SELECT min(id) FROM transfer WHERE code = 'award' UNION ALL
        SELECT max(id) FROM transfer WHERE code = 'award')""",
    ),
    Tampering(
        "a version is left out and the last one still is the account's", "version_chain", "transfer",
        f"""UPDATE transfer SET credit_version = 4 WHERE credit_account_id = {_MEMBER} AND credit_version = 1""",
    ),
    Tampering(
        "the first version is nought", "version_chain", "transfer",
        f"""UPDATE transfer SET credit_version = 0 WHERE credit_account_id = {_MEMBER} AND credit_version = 1""",
    ),
    Tampering(
        "two movements have the same version", "version_chain", "transfer",
        f"""UPDATE transfer SET debit_version = debit_version - 1
        WHERE debit_account_id = {_MEMBER} AND debit_version = 3""",
    ),
    Tampering(
        "a movement is there twice", "version_chain", "transfer",
        f"INSERT INTO transfer SELECT * FROM transfer WHERE id = {_AWARD}",
    ),
    Tampering(
        "a movement has lost its version and its balance", "version_chain", "transfer",
        f"""UPDATE transfer SET credit_version = NULL, credit_balance_after = NULL, credit_held_after = NULL
        WHERE id = {_AWARD}""",
    ),
    Tampering(
        "a held amount after is forgotten", "held_after", "transfer",
        f"UPDATE transfer SET credit_held_after = NULL WHERE id = {_AWARD}",
    ),
    Tampering(
        "a held amount after is wrong on one row alone", "held_after", "transfer",
        "UPDATE transfer SET debit_held_after = debit_held_after + 1 WHERE kind = 'void'",
    ),
    Tampering(
        "credits and debits are raised together, and the balance is not", "credits_posted", "account",
        f"""UPDATE account SET credits_posted = credits_posted + 9, debits_posted = debits_posted + 9
        WHERE id = {_MEMBER}""",
    ),
    Tampering(
        "points are moved from counter to counter", "debits_posted", "account",
        """UPDATE account SET debits_posted = debits_posted + CASE WHEN id = (SELECT max(id) FROM account
        WHERE kind = 'member') THEN 1 ELSE -1 END WHERE kind = 'member'""",
    ),
    Tampering(
        "an account is there twice", "version", "account",
        f"INSERT INTO account SELECT * FROM account WHERE id = {_MEMBER}",
    ),
    Tampering(
        "an account is no longer counted", "side_without_account", "account",
        f"UPDATE account SET counted = NOT counted WHERE id = {_MEMBER}",
    ),
    Tampering(
        "a folded account is counted", "side_does_not_fit", "account",
        "UPDATE account SET counted = NOT counted WHERE kind = 'issuance'",
    ),
    Tampering(
        "an account that was last moved forgets when", "last_recorded_at", "account",
        f"UPDATE account SET last_recorded_at = (SELECT min(recorded_at) FROM batch) WHERE id = {_MEMBER}",
    ),
    Tampering(
        "a folded account is gone", "side_does_not_fit", "account",
        "DELETE FROM account WHERE kind = 'issuance'",
    ),
    Tampering(
        "one movement is dated before the one before it", "time_runs_back", "transfer",
        f"""UPDATE transfer SET recorded_at = (SELECT min(recorded_at) FROM transfer)
        WHERE debit_account_id = {_MEMBER} AND debit_version = (SELECT max(debit_version) FROM transfer
        WHERE debit_account_id = {_MEMBER})""",
    ),
    Tampering(
        "a source is written with another number", "source_missing", "batch",
        "UPDATE batch SET source_ref = '0' || source_ref WHERE source_type = 'attendance'",
    ),
    Tampering(
        "a source is no number", "source_missing", "batch",
        "UPDATE batch SET source_ref = source_ref || 'x' WHERE source_type = 'redemption'",
    ),
    Tampering(
        "a source is larger than any key", "source_missing", "batch",
        "UPDATE batch SET source_ref = '99999999999999999999' WHERE source_type = 'goods_in'",
    ),
    Tampering(
        "a batch is of another kind of source", "source_missing", "batch",
        "UPDATE batch SET source_type = 'gift' WHERE source_type = 'goods_in'",
    ),
)  # fmt: skip
