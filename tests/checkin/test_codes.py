"""The station's code and its ticket: which are genuine, which are stale, and for whom they are valid."""

from datetime import timedelta

import pytest

from ledger.checkin import codes
from ledger.kernel.db import in_snapshot
from ledger.kernel.errors import LedgerError
from tests.checkin.days import Day, at, code_of


class TestTicket:
    """A code exchanged before the log-in."""

    def test_it_lives_for_five_minutes(self, day: Day, shift_id: int) -> None:
        ticket = in_snapshot(codes.read_code, day.screen(9), at(9))
        text = codes.write_ticket(ticket)

        assert codes.read_ticket(text, at(9) + timedelta(minutes=5)) == ticket
        assert codes.read_ticket(text, at(9) + timedelta(minutes=5, seconds=1)) is None
        assert codes.read_ticket(text[:-2] + "xx", at(9)) is None
        assert codes.read_ticket("", at(9)) is None

    def test_its_owner_may_use_it_again(self, day: Day, shift_id: int) -> None:
        ticket = in_snapshot(codes.read_code, day.screen(9), at(9))
        day.by_phone(9, ticket=ticket)

        answer = day.by_phone(9.05, ticket=ticket, intent="out", confirmed=("DWELL_TOO_SHORT",))

        assert answer.reason == "OK_OUT"

    def test_the_screens_two_earlier_codes_are_taken_and_no_older_one(self, day: Day) -> None:
        moment = at(9)
        shown = [
            codes.screen_code(day.world.center_id, day.world.station_id, 1, moment - timedelta(seconds=30 * steps)).code
            for steps in range(4)
        ]

        def read(code: str) -> str:
            try:
                return in_snapshot(codes.read_code, code, moment).method
            except LedgerError as refusal:
                return refusal.code

        assert [read(code) for code in shown] == ["screen", "screen", "screen", "checkin.code_expired"]

    def test_a_code_is_read_in_any_case_and_with_its_address(self, day: Day) -> None:
        code = codes.paper_code(day.world.center_id, day.world.station_id, 1).code

        for text in (code, code.lower(), f"HTTPS://JF.EXAMPLE.ORG/S/{code}", f"https://jf.example.org/s/{code}/"):
            assert in_snapshot(codes.read_code, text, at(9)).method == "paper"

    @pytest.mark.parametrize("text", ["", "/", "S/", "你好", "A" * 300, "=" * 47, "\x00"])
    def test_what_is_no_code_is_refused(self, day: Day, text: str) -> None:
        assert code_of(lambda: in_snapshot(codes.read_code, text, at(9))) == "checkin.code_invalid"

    def test_every_character_of_a_code_counts(self, day: Day) -> None:
        code = day.screen(9)
        for place, letter in enumerate(code):
            forged = code[:place] + ("B" if letter == "A" else "A") + code[place + 1 :]
            assert code_of(lambda forged=forged: in_snapshot(codes.read_code, forged, at(9))) == "checkin.code_invalid"

    def test_a_code_of_another_center_is_none_of_ours(self, day: Day) -> None:
        code = codes.screen_code(day.world.center_id + 1, day.world.station_id, 1, at(9)).code

        assert code_of(lambda: in_snapshot(codes.read_code, code, at(9))) == "checkin.code_invalid"
