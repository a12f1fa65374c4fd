"""How many connections the server holds: what it is meant to, or half of the files that it may open."""

import resource

import pytest

from ledger.web import server


@pytest.mark.parametrize(
    ("soft", "hard", "raised", "held"),
    [
        (1_024, 524_288, 8_192, 4_096),
        (1_024, resource.RLIM_INFINITY, 8_192, 4_096),
        (1_024, 4_096, 4_096, 2_048),
        (1_024, 1_024, 1_024, 512),
        (20_000, 20_000, None, 4_096),
    ],
)
def test_half_of_the_files_are_left_to_everything_else(
    soft: int, hard: int, raised: int | None, held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _kind, limits: asked.append(limits))

    assert server._connections() == held
    assert asked == ([] if raised is None else [(raised, hard)])
