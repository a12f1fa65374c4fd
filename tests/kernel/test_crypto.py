"""Sealed values open only with their key and label; references can't be forged."""

from dataclasses import replace

import pytest
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel import runtime
from ledger.kernel.crypto import Sealed, token_hash
from ledger.kernel.keyring import Keyring
from ledger.kernel.references import Reference, genuine, make_reference, read_reference
from ledger.kernel.runtime import within

keys = st.integers(0, (1 << 63) - 1)


@given(st.text(), st.text())
def test_sealed_text_opens_again(text: str, label: str) -> None:
    ring = Keyring("secret")
    assert ring.open(ring.seal(text, label=label), label=label) == text


def test_sealed_text_differs_each_time_and_does_not_show_the_text() -> None:
    ring = Keyring("secret")
    sealed = {ring.seal("陈晓燕", label="identity.name") for _ in range(10)}
    assert len(sealed) == 10
    assert not any("陈晓燕".encode() in each for each in sealed)


def test_other_key_other_column_or_a_changed_byte_does_not_open() -> None:
    ring = Keyring("secret")
    sealed = ring.seal("13800000000", label="identity.phone")
    with pytest.raises(InvalidTag):
        Keyring("other").open(sealed, label="identity.phone")
    with pytest.raises(InvalidTag):
        ring.open(sealed, label="identity.name")
    for position in range(1, len(sealed)):
        changed = bytes([*sealed[:position], sealed[position] ^ 1, *sealed[position + 1 :]])
        with pytest.raises(InvalidTag):
            ring.open(changed, label="identity.phone")


def test_each_purpose_has_its_own_key_and_it_stays() -> None:
    ring = Keyring("secret")
    assert ring.key("a") == Keyring("secret").key("a")
    assert len({ring.key("a"), ring.key("b"), Keyring("other").key("a")}) == 3
    assert ring.index("13800000000", purpose="a") != ring.index("13800000000", purpose="b")
    assert ring.index("13800000000", purpose="a") != ring.index("13800000001", purpose="a")


def test_column_is_sealed_in_the_database() -> None:
    engine = sa.create_engine("sqlite://")
    table = sa.Table("person", sa.MetaData(), sa.Column("name", Sealed("person.name")))
    with engine.begin() as connection:
        table.create(connection)
        connection.execute(sa.insert(table), [{"name": "陈晓燕"}, {"name": None}])
        assert list(connection.execute(sa.select(table.c.name)).scalars()) == ["陈晓燕", None]
        raw = connection.exec_driver_sql("SELECT name FROM person").scalars().first()
    assert isinstance(raw, bytes)
    assert "陈晓燕".encode() not in raw
    engine.dispose()


def test_token_is_stored_as_its_digest() -> None:
    assert token_hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@given(keys, keys, st.binary(max_size=12), st.text(max_size=5))
def test_reference_names_what_was_signed(center_id: int, key: int, extra: bytes, salt: str) -> None:
    text = make_reference("card", center_id, key, extra=extra, salt=salt)
    found = read_reference(text)
    assert found == Reference(center_id, key, extra)
    assert genuine(text, found, purpose="card", salt=salt)
    assert genuine(text.lower(), found, purpose="card", salt=salt)
    assert not genuine(text, found, purpose="station", salt=salt)
    assert not genuine(text, found, purpose="card", salt=salt + "1")
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


def test_reference_with_any_letter_changed_is_not_genuine() -> None:
    text = make_reference("card", 1, 2, extra=b"abc")
    for position, letter in enumerate(text):
        for other in "A7":
            forged = text[:position] + other + text[position + 1 :]
            found = read_reference(forged)
            assert found is None or other == letter or not genuine(forged, found, purpose="card")


@given(st.text(max_size=80) | st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", max_size=90))
def test_made_up_text_is_no_reference(text: str) -> None:
    found = read_reference(text)
    assert found is None or not genuine(text, found, purpose="card")


def test_reference_of_another_installation_is_not_genuine() -> None:
    text = make_reference("card", 1, 2)
    with within(replace(runtime.current(), keyring=Keyring("another installation"))):
        assert not genuine(text, Reference(1, 2, b""), purpose="card")
    assert genuine(text, Reference(1, 2, b""), purpose="card")
