"""Names of permissions; people/policy.py maps roles to them."""

from enum import StrEnum


class Permission(StrEnum):
    """A permission, held for a place and everything under it."""

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
