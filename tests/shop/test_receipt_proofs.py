"""A receipt carries its proof: in the API, on its public page, and behind that on the auditor's page."""

import re

from ledger.kernel.db import in_snapshot
from ledger.kernel.ids import parse_public_id, public_id
from ledger.points.book import entries
from ledger.shop.presenter import receipt_reference
from tests.points.logs import Log
from tests.shop.counter import Counter


def sold(counter: Counter) -> str:
    """A receipt for one bag of rice."""
    return counter.sold(counter.member(), [(counter.item(), 1)])


def check_page(counter: Counter, redemption: str, language: str = "zh") -> str:
    """The page that the receipt's code leads to."""
    reference = receipt_reference(parse_public_id(redemption), counter.world.center_id)
    return str(counter.client.get(f"/r/{reference}", headers={"Accept-Language": language}).text)


def posting(counter: Counter, redemption: str) -> entries.BatchView:
    """The batch that posted a receipt."""
    key = str(parse_public_id(redemption))
    batches = in_snapshot(entries.batches_of, "redemption", key, counter.world.center_id)
    return next(batch for batch in batches if batch.step == "post")


def test_a_receipt_says_that_it_waits_and_then_its_number_in_the_log(counter: Counter) -> None:
    redemption = sold(counter)
    batch = posting(counter, redemption)

    waiting = counter.get(f"/redemptions/{redemption}/receipt").json["seal"]
    assert (waiting["sealed"], waiting["number"], waiting["leaf_hash"]) == (False, 0, None)
    Log(counter.world.center_id).seal()
    seal = counter.get(f"/redemptions/{redemption}/receipt").json["seal"]

    assert (seal["sealed"], seal["batch_id"]) == (True, public_id(batch.id))
    proof = counter.client.get(seal["proof_url"]).json
    assert (proof["leaf_index"], proof["leaf_hash"]) == (seal["number"] - 1, seal["leaf_hash"])
    assert proof["checkpoint"]["text"] == counter.client.get(seal["checkpoint_url"]).text


def test_the_page_that_anybody_may_open_tells_the_seal_in_both_languages(counter: Counter) -> None:
    redemption = sold(counter)
    assert "还没封存，几分钟后就有" in check_page(counter, redemption)
    assert "Not yet; within a few minutes" in check_page(counter, redemption, "en")
    Log(counter.world.center_id).seal()

    page, english = check_page(counter, redemption), check_page(counter, redemption, "en")

    seal = counter.get(f"/redemptions/{redemption}/receipt").json["seal"]
    assert f"第 {seal['number']} 号" in page
    assert f"No. {seal['number']}" in english
    assert "See the proof" in english
    [link] = re.findall(r'href="(/api/[^"]+)"', page)
    assert counter.client.get(link.replace("&amp;", "&")).json["leaf_hash"] == seal["leaf_hash"]


def test_a_voided_receipt_keeps_the_seal_of_its_posting(counter: Counter) -> None:
    redemption = sold(counter)
    counter.step(redemption, "void", {"reason": "拿错了"})
    Log(counter.world.center_id).seal()

    seal = counter.get(f"/redemptions/{redemption}/receipt").json["seal"]

    assert seal["batch_id"] == public_id(posting(counter, redemption).id)
    assert f"第 {seal['number']} 号" in check_page(counter, redemption)


def test_the_auditor_sees_behind_a_transfer_whether_it_is_sealed(counter: Counter) -> None:
    auditor = counter.world.add_staff("auditor", place_id=counter.world.top_id)
    transfer = public_id(posting(counter, sold(counter)).transfers[0].id)

    def page() -> str:
        return str(counter.client.get(f"/books/transfers/{transfer}", headers=auditor.headers).text)

    assert "还没封存，几分钟后就有" in page()
    Log(counter.world.center_id).seal()
    shown, traced = page(), counter.client.get(f"/api/v1/audit/trace/{transfer}", headers=auditor.headers).json

    assert f"第 {traced['seal']['number']} 号" in shown
    assert traced["seal"]["proof_url"] in shown.replace("&amp;", "&")
    assert counter.client.get(traced["seal"]["proof_url"], headers=auditor.headers).json["leaf"] is not None
