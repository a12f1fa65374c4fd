"""Last good days under each expiry policy."""

from datetime import date

import pytest

from ledger.kernel.errors import Rejected
from ledger.rules.expiry_policy import good_until


@pytest.mark.parametrize(
    ("policy", "earned", "until"),
    [
        ("never", date(2026, 6, 3), None),
        ("fixed:12-31+1", date(2026, 1, 1), date(2027, 12, 31)),
        ("fixed:12-31+1", date(2026, 12, 31), date(2027, 12, 31)),
        ("fixed:12-31+0", date(2026, 12, 31), date(2026, 12, 31)),
        ("fixed:06-30+0", date(2026, 7, 1), date(2027, 6, 30)),
        ("fixed:02-29+1", date(2026, 6, 3), date(2027, 2, 28)),
        ("fixed:02-29+2", date(2026, 6, 3), date(2028, 2, 29)),
        ("rolling:1", date(2026, 1, 31), date(2026, 2, 28)),
        ("rolling:12", date(2026, 6, 3), date(2027, 6, 30)),
        ("rolling:24", date(2026, 12, 1), date(2028, 12, 31)),
    ],
)
def test_the_last_good_day(policy: str, earned: date, until: date | None) -> None:
    assert good_until(policy, earned) == until


@pytest.mark.parametrize(
    "policy",
    ["", "sometimes", "rolling:0", "rolling:x", "rolling:1２", "fixed:1２-01+1", "fixed:13-01+1", "fixed:02-30+1"],
)
def test_what_is_no_policy_is_refused(policy: str) -> None:
    with pytest.raises(Rejected) as refused:
        good_until(policy, date(2026, 6, 3))
    assert refused.value.context["field"] == "points_expire"
