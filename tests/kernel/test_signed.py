"""Signed texts: read back only as they were made, for their purpose, by this installation."""

import pytest

from ledger.kernel.keyring import Keyring
from ledger.kernel.signed import read_signed, sign

VALUE = [1_700_000_000, "digest", [[5, 7, "seal"]]]


def test_what_was_signed_is_read_for_its_purpose_alone() -> None:
    text = sign(VALUE, purpose="a ticket")
    assert read_signed(text, purpose="a ticket") == VALUE
    assert read_signed(text, purpose="a device") is None


def test_another_installation_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    text = sign(VALUE, purpose="a ticket")
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr("ledger.kernel.signed.keyring", lambda: Keyring("another secret of another installation"))
        assert read_signed(text, purpose="a ticket") is None


@pytest.mark.parametrize("text", ["", "=", "x", "ü" * 40, "A" * 40, "!" * 40, "A" * 5_000])
def test_what_is_no_signed_text_is_nothing(text: str) -> None:
    assert read_signed(text, purpose="a ticket") is None


def test_each_changed_letter_is_noticed() -> None:
    text = sign(VALUE, purpose="a ticket")
    for at, letter in enumerate(text[:-1]):
        changed = text[:at] + ("A" if letter != "A" else "B") + text[at + 1 :]
        assert read_signed(changed, purpose="a ticket") is None
