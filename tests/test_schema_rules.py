"""The schema rules that separate the rows of centers, checked on the metadata.

To be distributed over machines by `center_id` one day, a database needs them from the first migration on.
"""

import sqlalchemy as sa

from ledger.tables import APPEND_ONLY, metadata
from tests.test_house_rules import fail_on

CENTER = "center_id"

# Table: why it does not belong to one center.
OUTSIDE_CENTERS = {
    "center": "is the center itself; its id is what the others carry",
    "login_phone": "finds the centers of a phone number at log-in, before any center is known; holds nothing else",
    "founding": "says whose database this is",
    "job_run": "a job runs for the whole service",
    "rate_limit": "counts requests before anybody is known",
}
# Small tables to which rows of any center may refer.
REFERENCE_TABLES = {"center"}

in_centers = [table for table in metadata.sorted_tables if table.name not in OUTSIDE_CENTERS]


def test_every_row_belongs_to_a_center() -> None:
    fail_on(
        (
            table.name
            for table in in_centers
            if CENTER not in table.columns
            or table.columns[CENTER].nullable
            or next(iter(table.primary_key.columns)).name != CENTER
        ),
        "center_id must be NOT NULL and first in the primary key; if the rows belong to no center, list the table in "
        "OUTSIDE_CENTERS with the reason.",
    )


def test_list_of_exceptions_is_true() -> None:
    fail_on(set(OUTSIDE_CENTERS) - set(metadata.tables), "No such table: take it off OUTSIDE_CENTERS.")


def test_what_is_unique_is_unique_within_a_center() -> None:
    keys = [
        (table.name, [column.name for column in constraint.columns])
        for table in in_centers
        for constraint in table.constraints
        if isinstance(constraint, sa.UniqueConstraint)
    ]
    keys += [
        (table.name, [column.name for column in index.columns])
        for table in in_centers
        for index in table.indexes
        if index.unique
    ]
    fail_on(
        (f"{table}({', '.join(columns)})" for table, columns in keys if columns[0] != CENTER),
        "Begin the unique key with center_id. What must be unique in the nation gets a small table with it as the key.",
    )


def test_indexes_begin_with_the_center() -> None:
    fail_on(
        (str(index.name) for table in in_centers for index in table.indexes if index.columns[0].name != CENTER),
        "Begin the index with center_id: every question is asked within a center.",
    )


def test_foreign_keys_stay_inside_a_center() -> None:
    fail_on(
        (
            f"{table.name}({', '.join(key.column_keys)})"
            for table in metadata.sorted_tables
            for key in table.foreign_key_constraints
            if key.referred_table.name not in REFERENCE_TABLES and not begins_with_center_on_both_sides(key)
        ),
        "Refer by (center_id, …) to (center_id, …), with ledger.kernel.types.inside_center.",
    )


def begins_with_center_on_both_sides(key: sa.ForeignKeyConstraint) -> bool:
    """Whether a row can refer only to rows of its center."""
    first = key.elements[0]
    return first.parent.name == CENTER and first.column.name == CENTER


def test_no_key_is_counted_by_the_database() -> None:
    fail_on(
        (
            f"{table.name}.{column.name}"
            for table in metadata.sorted_tables
            for column in table.primary_key.columns
            if isinstance(column.type, sa.Integer) and column.autoincrement is not False
        ),
        "Make keys in the application (ledger.kernel.ids.new_id); a sequence means nothing in a second database.",
    )


def test_facts_are_tables() -> None:
    fail_on(set(APPEND_ONLY) - set(metadata.tables), "APPEND_ONLY names a table that does not exist.")
