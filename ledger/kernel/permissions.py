"""Names of permissions; people/policy.py maps roles to them."""

from enum import StrEnum


class Permission(StrEnum):
    """A permission, held for a place and everything under it; those in AT_ROOT for a whole center or not at all."""

    OWN_RECORD = "own-record"
    CHECK_IN_OTHERS = "check-in-others"
    STATION_SCREEN = "station-screen"
    TILL = "till"
    GOODS_IN = "goods-in"
    MANAGE_SHOP = "manage-shop"
    MANAGE_ACTIVITIES = "manage-activities"
    MANAGE_VOLUNTEERS = "manage-volunteers"
    MANAGE_STAFF = "manage-staff"
    MANAGE_PLACES = "manage-places"
    MANAGE_RULES = "manage-rules"
    REVIEW = "review"
    READ_BOOKS = "read-books"
    RAW_LEDGER = "raw-ledger"
    PROPOSE = "propose"
    DECIDE = "decide"
    RELEASE_AS_ADMIN = "release-as-admin"
    RELEASE_AS_AUDITOR = "release-as-auditor"
    LEAD_TEAM = "lead-team"
    ANSWER_REQUESTS = "answer-requests"
    OWN_SETTLEMENT = "own-settlement"
    SUPERVISE = "supervise"
    READ_FIGURES = "read-figures"


# A center has one book and one set of rules, so these count only for the whole center. Below the top place a grant
# gives its role without them.
AT_ROOT = frozenset(
    {
        Permission.READ_BOOKS,
        Permission.PROPOSE,
        Permission.DECIDE,
        Permission.RELEASE_AS_ADMIN,
        Permission.RELEASE_AS_AUDITOR,
        Permission.MANAGE_RULES,
        Permission.RAW_LEDGER,
    }
)

# What is done with these can't be undone, or lets others in: every view that asks for one and writes asks its user to
# prove again who they are (web/guard.py). Other views that do such a thing are marked there one by one.
STEPS_UP = frozenset(
    {
        Permission.DECIDE,
        Permission.RELEASE_AS_ADMIN,
        Permission.RELEASE_AS_AUDITOR,
        Permission.MANAGE_STAFF,
    }
)
# What is done with people waiting in line: it takes no statement more to ask whether the role is still held. A log-in
# ends with its role, and what is done under one can be voided.
AT_THE_COUNTER = frozenset(
    {Permission.OWN_RECORD, Permission.CHECK_IN_OTHERS, Permission.STATION_SCREEN, Permission.TILL}
)
