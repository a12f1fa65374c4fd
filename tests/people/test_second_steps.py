"""What takes something from somebody: a second step names whom, what and the cost, and afterwards it is told."""

import re
from datetime import timedelta

from flask import Flask

from ledger.activities import queries as shifts
from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import public_id
from ledger.people.access import sessions
from ledger.people.volunteers import service
from tests.approvals.office import Office
from tests.databases import on_sqlite
from tests.people.test_two_people_pages import browser_of
from tests.world import Person, World

# Forms of pages that end something of somebody: where they lead, and what their button sends.
COSTS = re.compile(
    r'action="(/cards/\w+/revoke|/volunteers/\w+/status|/me/log-ins/end|/shifts/\w+/cancel|/activities/\w+/cancel)"'
)


def revoking(world: World, person: Person) -> str:
    (role,) = in_snapshot(sessions.roles_of, person.identity_id, world.center_id)
    return f"/staff/roles/{public_id(role.id)}/revoke"


@on_sqlite
def test_taking_a_deciders_role_says_that_two_give_it_back(app: Flask, world: World) -> None:
    office = Office(world)
    first = browser_of(app, office.first)
    address = revoking(world, office.second)
    assert f'action="{address}"' not in first.get("/staff").text
    asked = first.get(address).text
    for said in ("收回冯管理的管理员身份？", "想再给，要两个人", "冯管理 马上在所有地方退出", "30 天"):
        assert said in asked, said
    done = first.get(first.post(address).location).text
    assert "收回了冯管理的管理员身份" in done
    assert "已经没有别的身份" in done


@on_sqlite
def test_taking_ones_own_role_has_words_of_its_own_and_ends_at_the_log_in(app: Flask, world: World) -> None:
    office = Office(world)
    second = browser_of(app, office.second)
    address = revoking(world, office.second)
    asked = second.get(address).text
    for said in ("收回您自己的管理员身份？", "您马上退出", "要另外两个人给您", "收回我自己的管理员身份"):
        assert said in asked, said
    ended = second.get(second.post(address).location)
    assert (ended.status_code, "收回了您自己的身份" in ended.text, "您已经退出" in ended.text) == (200, True, True)
    assert second.get("/staff").status_code == 302


@on_sqlite
def test_what_costs_somebody_something_is_asked_twice_and_told_afterwards(app: Flask, world: World) -> None:
    volunteer, manager = world.add_volunteer("王小兰"), browser_of(app, world.add_staff("station_manager"))
    in_transaction(service.issue_card, volunteer.volunteer_id, actor=world.builder)
    address = f"/volunteers/{public_id(volunteer.volunteer_id)}"
    page = manager.get(address).text
    planned = [manager.get(each).text for each in a_shift(world)]
    forms = costly("".join((page, browser_of(app, volunteer).get("/me/log-ins").text, *planned)))
    assert len(forms) == 5
    assert {name for name, form in forms.items() if not asks_twice(form)} == set()
    assert "挂失王小兰的这张卡？" in page
    assert "停用王小兰？" in page
    card = next(name for name in forms if name.startswith("/cards"))
    lost = manager.post(card, volunteer_id=public_id(volunteer.volunteer_id))
    assert "挂失好了" in manager.get(lost.location).text
    blocked = manager.get(manager.post(f"{address}/status", status="blocked").location)
    assert "停用了" in blocked.text
    assert "恢复了" in manager.get(manager.post(f"{address}/status", status="active").location).text


def a_shift(world: World) -> tuple[str, str]:
    """The pages of a shift to come and of its activity."""
    shift = in_snapshot(shifts.get_shift, world.add_shift(clock.now() + timedelta(days=1)), world.center_id)
    return f"/shifts/{public_id(shift.id)}", f"/activities/{public_id(shift.activity_id)}"


def costly(page: str) -> dict[str, str]:
    """The forms of a page that cost somebody something, by where they lead."""
    forms = re.findall(r"<form\b.*?</form>", page, re.DOTALL)
    return {found[1]: form for form in forms if (found := COSTS.search(form)) is not None}


def asks_twice(form: str) -> bool:
    """Whether every button that sends the form is shut away until the question is opened."""
    rest = re.sub(r"<details\b.*?</details>", "", form, flags=re.DOTALL)
    return 'type="submit"' not in rest and '<details class="nx-second">' in form
