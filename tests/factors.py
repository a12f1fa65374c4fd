"""Second factors for tests: the phone that makes the codes, and everything that turns one on."""

import pyotp

from ledger.kernel import clock
from ledger.people.access import own_factor
from ledger.people.access.factors import STEP_SECONDS
from ledger.people.access.proving import Given
from tests.world import Person, World

HERE = "192.0.2.7"
PASSWORD = "zhe-shi-mi-ma-3"


class Phone:
    """An authenticator, and the recovery codes on paper beside it."""

    def __init__(self, secret: str, paper: list[str]) -> None:
        self.secret, self.paper = secret, paper

    def code(self, steps: int = 0) -> str:
        """The code that it shows now, or would so many steps away."""
        return code_of(self.secret, steps)


def code_of(secret: str, steps: int = 0) -> str:
    """The code of a secret now, or so many steps away."""
    return pyotp.TOTP(secret).generate_otp(int(clock.now().timestamp()) // STEP_SECONDS + steps)


def wrong_code(secret: str) -> str:
    """Six digits that are no code of the secret now."""
    near = {code_of(secret, steps) for steps in range(-2, 3)}
    return next(code for code in (f"{each:06}" for each in range(9)) if code not in near)


def turn_on(world: World, person: Person) -> tuple[Phone, str]:
    """Turn on a second factor for somebody of the staff. Returns the phone, and their phone number."""
    number, password = world.give_password(person)
    again = world._log_in(person.identity_id)
    person.token, person.actor = again.token, again.actor
    setup = own_factor.make_setup(person.actor, Given(HERE, password))
    paper = own_factor.confirm(setup.ticket, code_of(setup.secret, -1), actor=person.actor)
    return Phone(setup.secret, paper), number
