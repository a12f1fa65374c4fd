"""Names, phones, passwords and the table of roles."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.actor import Grant
from ledger.kernel.errors import Rejected
from ledger.kernel.paths import ROOT
from ledger.kernel.permissions import AT_ROOT, Permission
from ledger.people.access.guessable import is_easy
from ledger.people.models import RoleGrant
from ledger.people.policy import (
    NAME_LENGTH,
    ROLES,
    clean_id_last4,
    clean_name,
    demonstration_phone,
    grants_of,
    mask_name,
    mask_phone,
    normalise_phone,
    phone_key,
    volunteer_number,
)
from ledger.people.words import ROLE_NAMES

# The roles that the database takes.
LIVE_ROLES = {
    role
    for check in RoleGrant.__table__.constraints
    if str(check.name) == "ck_role_grant_role"
    for role in re.findall(r"'(\w+)'", str(check.sqltext))  # type: ignore[attr-defined]
}


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("王小兰", "王*兰"),
        ("王兰", "王*"),
        ("欧阳兰", "欧阳*"),
        ("欧阳小兰", "欧阳*兰"),
        ("司马", "司*"),
        ("古丽娜尔汗", "古***汗"),
        ("买买提·艾力", "买***·艾***"),
        ("John Smith", "J*** S***"),
        ("王", "王*"),
    ],
)
def test_a_masked_name_shows_its_ends_only(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@given(st.text(alphabet="王李张欧阳司马小兰华AÉb·. ", min_size=1, max_size=20).filter(lambda text: text.strip()))
def test_a_masked_name_never_shows_a_whole_name(name: str) -> None:
    assert "*" in mask_name(name) or not any(letter.isalnum() for letter in name)


@pytest.mark.parametrize("text", ["", "   ", "王" * (NAME_LENGTH + 1), "王\x00兰", "王\u202e兰"])
def test_a_name_that_cannot_be_shown_is_refused(text: str) -> None:
    with pytest.raises(Rejected) as refused:
        clean_name(text)
    assert refused.value.code == "people.name_invalid"


def test_spaces_inside_a_chinese_name_go_and_in_another_stay() -> None:
    assert clean_name(" 王 小　兰 ") == "王小兰"
    assert clean_name("John  Smith") == "John Smith"


@pytest.mark.parametrize(
    "text", ["13800138000", " 138 0013 8000", "138-0013-8000", "+86 13800138000", "１３８００１３８０００"]
)
def test_a_phone_number_is_one_however_it_is_written(text: str) -> None:
    assert normalise_phone(text) == "+8613800138000"


@pytest.mark.parametrize("text", ["1380013800", "12345678901", "hello", "", "138001380001", "+99912345678", "9" * 400])
def test_what_is_no_phone_number_is_refused(text: str) -> None:
    with pytest.raises(Rejected) as refused:
        normalise_phone(text)
    assert refused.value.code == "people.phone_invalid"


def test_numbers_that_are_never_assigned_are_for_a_demonstration_only() -> None:
    invented = demonstration_phone(7)
    assert normalise_phone(invented, demonstration=True) == phone_key(invented) == "+8610000000007"
    with pytest.raises(Rejected):
        normalise_phone(invented)


def test_a_masked_phone_shows_its_ends_only() -> None:
    assert mask_phone("+8613800138000") == "138****8000"
    assert mask_phone("+1234567") == "****"


def test_the_last_four_take_an_x_and_nothing_else() -> None:
    assert clean_id_last4("123x") == "123X"
    assert clean_id_last4("１２３４") == "1234"
    for wrong in ("١٢٣X", "123", "12X4", "12345", "abcd"):
        with pytest.raises(Rejected):
            clean_id_last4(wrong)


def test_easy_passwords_are_told_from_others() -> None:
    assert all(is_easy(text) for text in ("11111111", "12345678", "87654321", "13800138000"))
    assert not is_easy("白云山下三只羊")


def test_roles_read_aloud() -> None:
    assert ROLES["auditor"] == {Permission.READ_BOOKS, Permission.RELEASE_AS_AUDITOR}
    assert ROLES["clerk"] < ROLES["station_manager"] < ROLES["admin"]
    assert Permission.MANAGE_STAFF not in ROLES["station_manager"]
    assert all(Permission.OWN_RECORD not in permissions for permissions in ROLES.values())
    assert ROLES["outside_auditor"] == ROLES["auditor"]
    assert {role: set(ROLES[role]) for role in ("leader", "unit_officer", "merchant", "supervisor", "observer")} == {
        "leader": {Permission.LEAD_TEAM},
        "unit_officer": {Permission.ANSWER_REQUESTS},
        "merchant": {Permission.OWN_SETTLEMENT},
        "supervisor": {Permission.SUPERVISE},
        "observer": {Permission.READ_FIGURES},
    }
    assert ROLES.keys() == ROLE_NAMES.keys() == LIVE_ROLES


def test_what_a_role_gives_below_the_top_place() -> None:
    top, station = "/01/", "/01/02/"
    for role, permissions in ROLES.items():
        assert grants_of(role, top) == {Grant(permission, ROOT) for permission in permissions}
        assert grants_of(role, station) == {Grant(permission, station) for permission in permissions - AT_ROOT}
    assert grants_of("auditor", station) == frozenset()
    assert Grant(Permission.MANAGE_STAFF, station) in grants_of("admin", station)


def test_a_volunteer_number_has_eight_digits() -> None:
    assert volunteer_number(462179) == "00462179"
