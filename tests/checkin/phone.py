"""A volunteer's phone: it scans the station's screen, lets pages submit themselves, and presses buttons."""

import re

from ledger.kernel import clock
from tests.browsing import Browser
from tests.checkin.days import Day, at


def hidden(page: str, name: str) -> list[str]:
    return re.findall(rf'name="{name}" value="([^"]*)"', page)


class Phone(Browser):
    """A volunteer's phone that scans the station's screen."""

    def scan(self, day: Day, hour: float) -> str:
        """Open the address in the code and let the page submit itself; returns the address of the answer."""
        with clock.at(at(hour)):
            opened = self.get(f"/S/{day.screen(hour)}")
            assert (opened.status_code, opened.location) == (303, "/checkin")
            page = self.get("/checkin")
            assert page.status_code == 200, page.text
            return self.send(page.text, "/checkin")

    def send(self, page: str, address: str, form: int = 0) -> str:
        """Submit a form of the page."""
        typed = {"client_scan_id": hidden(page, "client_scan_id")[form], "intent": hidden(page, "intent")[form]}
        answer = self.post(address, **typed, confirmed=hidden(page, "confirmed"))
        assert answer.status_code == 303, answer.text
        return str(answer.location)
