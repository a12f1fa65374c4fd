"""The table of "two people are two people": what takes two, by who is there, and who may decide on it then.

Where nobody may propose it, the refusal says who could: an administrator of another household.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from ledger.kernel.errors import text_of
from tests.databases import on_sqlite
from tests.elsewhere import outcome
from tests.people.test_two_people import Center
from tests.world import Person, World

pytestmark = on_sqlite

OWN_GAIN = "approvals.own_gain"


@dataclass(frozen=True)
class Case:
    """Who is there besides the first administrator, and whether the two administrators are married."""

    name: str
    second: bool
    auditor: bool
    married: bool = False


CASES = (
    Case("one administrator", second=False, auditor=False),
    Case("one administrator and an auditor", second=False, auditor=True),
    Case("two administrators", second=True, auditor=False),
    Case("two married administrators", second=True, auditor=False, married=True),
    Case("two administrators and an auditor", second=True, auditor=True),
    Case("two married administrators and an auditor", second=True, auditor=True, married=True),
)
# What the first administrator proposes: who may decide, by case, in the order of CASES; or why it can't be proposed.
MATTERS: dict[str, tuple[str, str, str, str, str, str]] = {
    "a volunteer's gain": ("", "auditor", "second", "", "second", "auditor"),
    "a volunteer's role": ("", "auditor", "second", "", "second auditor", "auditor"),
    "the own gain": (OWN_GAIN,) * 6,
    "the own role": (OWN_GAIN,) * 6,
    "the own code": (OWN_GAIN,) * 6,
    "the second's gain": ("-", "-", "", OWN_GAIN, "auditor", OWN_GAIN),
    "the second's role": ("-", "-", "", OWN_GAIN, "auditor", OWN_GAIN),
    "the second's code": ("-", "-", "", "", "auditor", "auditor"),
    "the auditor's gain": ("-", "", "-", "-", "second", ""),
    "the auditor's role": ("-", "", "-", "-", "second", ""),
    "the auditor's code": ("-", "", "-", "-", "second", ""),
}


def people(center: Center, case: Case) -> None:
    """Let only those of the case be there."""
    if case.married:
        center.world.house("柳荫017", center.first, center.second)
    for who in ("second", "auditor"):
        if not getattr(case, who):
            center.dismiss(getattr(center, who))


def propose(center: Center, matter: str) -> Callable[[], int]:
    """The first administrator proposes it."""
    whose, _space, what = matter.rpartition(" ")
    person: Person = {
        "a volunteer's": center.volunteer,
        "the own": center.first,
        "the second's": center.second,
        "the auditor's": center.auditor,
    }[whose]
    if what == "code":
        return lambda: center.code(person, center.first)
    if what == "gain":
        return lambda: center.gain(person, center.first)
    return lambda: center.grant(person, center.first, "admin" if person is center.auditor else "auditor")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_who_decides(world: World, case: Case) -> None:
    center = Center(world)
    people(center, case)
    names = {getattr(center, name).identity_id: name for name in ("first", "second", "auditor")}
    found = {}
    for matter, cells in MATTERS.items():
        if cells[CASES.index(case)] == "-":
            continue
        made: list[int] = []
        said = outcome(lambda made=made, matter=matter: made.append(propose(center, matter)()))
        found[matter] = (
            said if said != "won" else " ".join(sorted((names[who] for who in center.free(made[0])), reverse=True))
        )

    expected = {matter: cells[CASES.index(case)] for matter, cells in MATTERS.items()}
    assert found == {matter: said for matter, said in expected.items() if said != "-"}


def test_what_is_refused_says_who_could_propose_it(world: World) -> None:
    """Two are married: a third administrator, whom the auditor approved, proposes what they gain, and she decides."""
    center = Center(world)
    center.world.house("柳荫017", center.first, center.second)
    assert outcome(lambda: center.gain(center.first, center.second)) == OWN_GAIN
    said = text_of(OWN_GAIN)
    assert "administrator of another household" in said.next_en
    assert "户外的另一位管理员" in said.next_zh

    center.approve(center.grant(center.volunteer, center.first, "admin"), center.auditor)
    third = center.world._log_in(center.volunteer.identity_id)
    gain = center.gain(center.first, third)
    assert center.auditor.identity_id in center.free(gain)
    center.approve(gain, center.auditor)
