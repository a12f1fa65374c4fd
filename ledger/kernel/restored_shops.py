"""The short names and numbers that shops have printed since the backup, so that a restored book prints none again.

Statements for `restored.py`, which says when they run. A shop that the backup doesn't know comes back closed, where it
was or at the top: its name stays taken, and the numbers of its receipts are recorded as lacking.
"""

BEFORE_SHOPS = {
    # Schemas before 0025 have no short names: there, the name is found in `none`.
    "before_shop (center_id, id, place_id, name, opened_at, closed_at, short_name)": (
        "SELECT center_id, id, place_id, name, opened_at, closed_at, "
        "(SELECT short_name FROM shop AS own WHERE own.center_id = shop.center_id AND own.id = shop.id) AS short_name "
        "FROM (SELECT '' AS short_name) AS none, "
        "(SELECT center_id, id, place_id, name, opened_at, closed_at FROM shop) AS shop"
    ),
    "before_receipt (center_id, shop_id, year, last_number)": (
        "SELECT center_id, shop_id, year, last_number FROM receipt_counter"
    ),
}
_SAME = "FROM before_shop AS old WHERE old.center_id = shop.center_id AND old.id = shop.id"
_FREE = (
    "NOT EXISTS (SELECT 1 FROM shop AS other WHERE other.center_id = old.center_id "
    "AND other.short_name = old.short_name)"
)
# No name is changed once it was printed. Two shops may have changed theirs round, so each gets a name of its own first.
_CLEAR_NAMES = (
    f"UPDATE shop SET short_name = 'S' || (id % 10000000) WHERE EXISTS (SELECT 1 {_SAME} "  # noqa: S608 - constants
    "AND old.short_name NOT IN ('', shop.short_name)) AND NOT EXISTS (SELECT 1 FROM receipt_counter AS printed "
    "WHERE printed.center_id = shop.center_id AND printed.shop_id = shop.id)"
)
_RENAME = (
    f"UPDATE shop SET short_name = (SELECT old.short_name {_SAME}) "  # noqa: S608 - constants
    f"WHERE short_name = 'S' || (id % 10000000) AND EXISTS (SELECT 1 {_SAME} AND {_FREE})"
)
_BRING_BACK = (
    "INSERT INTO shop (center_id, id, place_id, name, opened_at, closed_at, short_name) "  # noqa: S608 - constants
    "SELECT old.center_id, old.id, coalesce(place.id, top.id), old.name, old.opened_at, '{at}', old.short_name "
    "FROM before_shop AS old JOIN place AS top ON top.center_id = old.center_id AND top.parent_id IS NULL "
    "LEFT JOIN place ON place.center_id = old.center_id AND place.id = old.place_id "
    "WHERE old.short_name <> '' AND EXISTS (SELECT 1 FROM before_receipt AS printed "
    "WHERE printed.center_id = old.center_id AND printed.shop_id = old.id) "
    "AND NOT EXISTS (SELECT 1 FROM shop AS here WHERE here.center_id = old.center_id AND here.id = old.id) "
    f"AND {_FREE}"
)
# Numbers that were printed since the backup are not printed again, and the book says which it lacks.
_HIGHER = (
    "FROM before_receipt AS old JOIN shop ON shop.center_id = old.center_id AND shop.id = old.shop_id "
    "LEFT JOIN receipt_counter AS now ON now.center_id = old.center_id AND now.shop_id = old.shop_id "
    "AND now.year = old.year WHERE old.last_number > coalesce(now.last_number, 0)"
)
_NOTE_RECEIPTS = (
    "INSERT INTO receipt_gap (center_id, shop_id, year, first, last, reason, recorded_at) SELECT old.center_id, "
    "old.shop_id, old.year, coalesce(now.last_number, 0) + 1, old.last_number, 'restore', '{at}' " + _HIGHER
)
_GO_ON_BEHIND = (
    "INSERT INTO receipt_counter (center_id, shop_id, year, last_number) "
    "SELECT old.center_id, old.shop_id, old.year, old.last_number "
    + _HIGHER
    + " ON CONFLICT (center_id, shop_id, year) DO UPDATE SET last_number = excluded.last_number"
)
GO_ON_BEHIND = (_CLEAR_NAMES, _RENAME, _BRING_BACK, _NOTE_RECEIPTS, _GO_ON_BEHIND)
