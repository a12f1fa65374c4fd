"""The printed log-ins: whatever passwords chance makes, the product takes them."""

from ledger.demo.logins import make_logins
from ledger.people.access.passwords import refuse_guessable


def test_every_printed_password_is_one_that_may_be_set() -> None:
    made = [login for _ in range(300) for login in make_logins()]

    for login in made:
        refuse_guessable(login.password, phone=login.phone, names=[login.name])
        syllables = login.password.split("-")[:-1]
        assert len(set(syllables)) == 3, "a syllable that comes again adds nothing"
    assert len({login.password for login in made}) > 0.99 * len(made)
