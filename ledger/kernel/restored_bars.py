"""What keeps somebody out, carried into a restored book: revoked cards and paper codes, blocks, closings, freezes.

Statements for `restored.py`, which says when they run. Households and phone numbers are only compared: the new one may
not be in the backup or be somebody else's there, and what holds is said by people.
"""

CARD, BLOCK, HOUSEHOLD, PHONE = "card", "block", "household", "phone"
BEFORE_BARS = {
    "before_card (center_id, id)": "SELECT center_id, id FROM card WHERE revoked_at IS NOT NULL",
    "before_block (center_id, id)": "SELECT center_id, id FROM volunteer WHERE status = 'blocked'",
    "before_household (center_id, volunteer_id, number_key)": (
        "SELECT said.center_id, said.volunteer_id, coalesce(household.number_key, '') AS number_key "
        "FROM household_change AS said LEFT JOIN household "
        "ON household.center_id = said.center_id AND household.id = said.household_id "
        "WHERE NOT EXISTS (SELECT 1 FROM household_change AS later WHERE later.center_id = said.center_id "
        "AND later.volunteer_id = said.volunteer_id AND later.revision > said.revision)"
    ),
    "before_housed (center_id, id, identity_id)": (
        "SELECT center_id, id, identity_id FROM role_grant WHERE household_id IS NOT NULL"
    ),
    "before_phone (center_id, id, phone_index)": (
        "SELECT center_id, id, coalesce(phone_index, '') AS phone_index FROM identity"
    ),
    "before_place (center_id, id, code_version, closed_at)": "SELECT center_id, id, code_version, closed_at FROM place",
    "before_freeze (center_id, id, reason, frozen_at)": (
        "SELECT center_id, id, reason, frozen_at FROM book_freeze WHERE released_at IS NULL"
    ),
}
# Whoever shows one may have spent it since.
BURN_PAYER_CODES = "UPDATE payer_code SET status = 'BURNED' WHERE status = 'ISSUED' AND expires_at > '{at}'"
_NOTE_CARDS = (
    "CREATE TEMP TABLE after_barred AS SELECT DISTINCT person.center_id, person.identity_id, '{card}' AS reason "
    "FROM card AS now JOIN before_card AS old ON old.center_id = now.center_id AND old.id = now.id "
    "JOIN volunteer AS person ON person.center_id = now.center_id AND person.id = now.volunteer_id "
    "WHERE now.revoked_at IS NULL"
)
_NOTE_BLOCKS = (
    "INSERT INTO after_barred SELECT now.center_id, now.identity_id, '{block}' FROM volunteer AS now "
    "JOIN before_block AS old ON old.center_id = now.center_id AND old.id = now.id WHERE now.status <> 'blocked'"
)
# Another household than the backup has, or one that was said with a role which the backup doesn't have.
_NOTE_HOUSEHOLDS = (
    "INSERT INTO after_barred SELECT now.center_id, now.identity_id, '{household}' FROM volunteer AS now "
    "JOIN before_household AS old ON old.center_id = now.center_id AND old.volunteer_id = now.id "
    "WHERE old.number_key <> coalesce((SELECT household.number_key FROM household_change AS said JOIN household "
    "ON household.center_id = said.center_id AND household.id = said.household_id "
    "WHERE said.center_id = now.center_id AND said.volunteer_id = now.id ORDER BY said.revision DESC LIMIT 1), '') "
    "UNION SELECT now.center_id, now.id, '{household}' FROM identity AS now "
    "JOIN before_housed AS old ON old.center_id = now.center_id AND old.identity_id = now.id "
    "WHERE NOT EXISTS (SELECT 1 FROM role_grant AS held WHERE held.center_id = old.center_id AND held.id = old.id)"
)
_NOTE_PHONES = (
    "INSERT INTO after_barred SELECT now.center_id, now.id, '{phone}' FROM identity AS now "
    "JOIN before_phone AS old ON old.center_id = now.center_id AND old.id = now.id "
    "WHERE old.phone_index <> coalesce(now.phone_index, '')"
)
_REVOKE_CARDS = (
    "UPDATE card SET revoked_at = '{at}' WHERE revoked_at IS NULL AND EXISTS (SELECT 1 FROM before_card AS old "
    "WHERE old.center_id = card.center_id AND old.id = card.id)"
)
_BLOCK = (
    "UPDATE volunteer SET status = 'blocked' WHERE status <> 'blocked' AND EXISTS (SELECT 1 FROM before_block AS old "
    "WHERE old.center_id = volunteer.center_id AND old.id = volunteer.id)"
)
_SAME_PLACE = "FROM before_place AS old WHERE old.center_id = place.center_id AND old.id = place.id"
_REVOKE_PAPER_CODES = (
    f"UPDATE place SET code_version = (SELECT old.code_version {_SAME_PLACE}) "  # noqa: S608 - constants
    f"WHERE EXISTS (SELECT 1 {_SAME_PLACE} AND old.code_version > place.code_version)"
)
# Nobody opens a closed place again, so a closing since is in force.
_CLOSE_PLACES = (
    f"UPDATE place SET closed_at = (SELECT old.closed_at {_SAME_PLACE}) "  # noqa: S608 - constants
    f"WHERE closed_at IS NULL AND EXISTS (SELECT 1 {_SAME_PLACE} AND old.closed_at IS NOT NULL)"
)
# Two people end a freeze, and the one who restores a backup is not two. The run that found it is in the old book.
_FREEZE = (
    "INSERT INTO book_freeze (center_id, id, reason, run_id, frozen_at, released_at) "
    "SELECT center_id, id, reason, NULL, frozen_at, NULL FROM before_freeze AS old "
    "WHERE EXISTS (SELECT 1 FROM center WHERE center.id = old.center_id) AND NOT EXISTS ("
    "SELECT 1 FROM book_freeze AS here WHERE here.center_id = old.center_id AND here.released_at IS NULL)"
)
CARRY = (
    *(_NOTE_CARDS, _NOTE_BLOCKS, _NOTE_HOUSEHOLDS, _NOTE_PHONES),
    *(_REVOKE_CARDS, _REVOKE_PAPER_CODES, _CLOSE_PLACES, _BLOCK, _FREEZE),
)
FROZEN = (
    "SELECT center.name FROM book_freeze AS stop JOIN center ON center.id = stop.center_id "
    "WHERE stop.released_at IS NULL ORDER BY center.id"
)
WAITING = "SELECT count(*) FROM proposal WHERE status = 'proposed'"
