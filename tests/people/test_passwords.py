"""Passwords: what guessers try first is refused, what is the person's own too, and nothing else."""

import ast
import secrets
import string

import pytest
from flask.testing import FlaskClient

from ledger.kernel.db import in_transaction
from ledger.kernel.errors import Rejected
from ledger.kernel.paths import ROOT
from ledger.people.access import credentials
from ledger.people.access.common_words import WORDS
from ledger.people.access.guessable import is_easy, is_personal
from ledger.people.access.passwords import HASHER, NOBODY, hash_password
from ledger.people.access.staff import Post, add_staff, grant_role
from tests.browsing import Browser
from tests.databases import on_sqlite
from tests.phones import fresh_phone
from tests.source import dotted, package
from tests.test_house_rules import fail_on
from tests.world import World

# What leaked lists of Chinese sites have at their head, and what rules of companies make of it.
COMMONEST = """
123456789 12345678 11111111 dearbook 00000000 123123123 1234567890 88888888 111111111 147258369 987654321 aaaaaaaa
1111111111 66666666 a123456789 11223344 1qaz2wsx xiazhili 789456123 password 87654321 qqqqqqqq 000000000 qwertyuiop
qq123456 iloveyou 31415926 12344321 0000000000 asdfghjkl 1q2w3e4r 123456abc 0123456789 123654789 12121212 qazwsxedc
abcd1234 12341234 110110110 asdasdasd 22222222 123321123 abc123456 a12345678 123456aa 1234qwer 13145200 zxcvbnm123
5201314520 woaini1314 woaini520 woaini123 wang1234 123456qq qwer1234 aa123456 a1234567 q1w2e3r4 Aa123456 Aa123456.
P@ssw0rd Admin@123 admin123 root1234 Huawei@123 Passw0rd Abc@1234 1qaz@WSX Qwer1234 7758521a nihao123 woaiwojia
mima1234 12345678a 52013145201314 abc12345 qwe123qwe !@#$%^&* 1234%^&* password1! asdf1234 caonima123 wo5201314
"""
MADE_UP = {
    "any phone": "13912345670",
    "a day": "19860214",
    "a name in pinyin and a year": "wangwei1985",
    "a name in pinyin and a number": "zhangsan88",
    "our product": "Ningxin2026",
    "our words": "志愿者12345",
    "a place": "Liuyin123",
    "full-width signs": "ａａ１２３４５６",
    "doubled signs": "aabbccdd",
    "signs that take turns": "a1b2c3d4",
    "again and again": "k7#k7#k7#k7#",
}
GOOD = (
    *("白云山下有三只羊", "zhe-shi-mi-ma-3", "k7Qm2xVe", "baicai3jin8mao", "xiaomaochiyu3tiao", "ein-langes-Wort"),
    *("tiger-moon-7", "bookkeeper77", "三只绵羊上山坡去", "correcthorsebattery", "kf93hs72", "Tr0ub4dor&3"),
)


@pytest.mark.parametrize("password", COMMONEST.split())
def test_the_commonest_are_refused(password: str) -> None:
    with pytest.raises(Rejected, match="password_too_easy"):
        hash_password(password, phone="+8613800138000")


@pytest.mark.parametrize("password", MADE_UP.values(), ids=MADE_UP)
def test_so_is_what_is_made_like_them(password: str) -> None:
    with pytest.raises(Rejected, match="password_too_easy"):
        hash_password(password, phone="+8613800138000")


@pytest.mark.parametrize("word", sorted(word for word in WORDS if len(word) > 3)[::20])
def test_a_common_word_helps_no_other(word: str) -> None:
    assert all(is_easy(text) for text in (word, word.upper(), f"{word}123", f"{word}2026", f"1{word}!"))


@pytest.mark.parametrize("password", GOOD)
def test_others_are_taken(password: str) -> None:
    assert hash_password(password, phone="+8613800138000", names=["王桂兰"]).startswith("$argon2id$")


def test_a_guess_costs_the_same_whether_or_not_there_is_a_password() -> None:
    """Of the product's own, read before tests/conftest.py lets tests hash theirs at the least cost."""
    for stored in (HASHER.hash("zhe-shi-mi-ma-3"), NOBODY):
        assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert not HASHER.check_needs_rehash(stored)


def test_a_random_one_is_hardly_ever_refused() -> None:
    signs = string.ascii_lowercase + string.digits
    refused = [is_easy("".join(secrets.choice(signs) for _ in range(10))) for _ in range(500)]
    assert sum(refused) <= 5


@pytest.mark.parametrize(
    ("password", "names"),
    [
        *(("my13800138000!", ()), ("xq8001380xq", ()), ("１３８００１３８０００天地人", ())),
        *(
            ("王桂兰爱吃红烧豆腐", ("王桂兰",)),
            ("Smith-hat-7-Ziegen", ("John Smith",)),
            ("xx-JOHNSMITH-xx", ("John Smith",)),
        ),
    ],
)
def test_nothing_of_the_person_is_in_it(password: str, names: tuple[str, ...]) -> None:
    with pytest.raises(Rejected, match="password_personal"):
        hash_password(password, phone="+8613800138000", names=names)


@pytest.mark.parametrize("password", ["小兰爱吃红烧豆腐", "13800天地人日月星", "Wo-sieben-Ziegen-sind"])
def test_a_part_that_anybody_may_have_is_not_the_person(password: str) -> None:
    assert not is_personal(password, phone="+8613800138000", names=["王桂兰", "Wo Li"])


@on_sqlite
def test_the_name_is_refused_to_its_owner_and_told_to_nobody_else(world: World, client: FlaskClient) -> None:
    phone, browser = fresh_phone(), Browser(client)
    identity_id = in_transaction(add_staff, name="陈晓燕", phone=phone, path=ROOT, actor=world.builder)
    in_transaction(grant_role, identity_id, Post("clerk", world.station_id, None), actor=world.builder)
    code = in_transaction(credentials.make_activation_code, identity_id, actor=world.builder)
    named = {"phone": phone, "password": "陈晓燕家里有五只猫"}

    stranger = browser.post("/first-password", code="ABCD-EFGH-JKMN", **named)
    assert (stranger.status_code, "激活码对不上" in stranger.text) == (422, True)
    assert "姓名" not in stranger.text
    owner = browser.post("/first-password", code=code, **named)
    assert (owner.status_code, "密码里有您的手机号或者姓名" in owner.text) == (422, True)
    assert 'id="password-error"' in owner.text
    center = browser.post("/first-password", code=code, phone=phone, password="演示中心演示中心")
    assert (center.status_code, "密码太容易猜" in center.text) == (422, True)
    # The code was not used up by what was refused.
    assert browser.post("/first-password", code=code, phone=phone, password="家里有五只猫两条狗").status_code == 303


# Whose code it is, is known when the code is right: set_password_with_code checks it then.
ASKS_LATER = "ledger/people/access/login.py"


def test_whoever_stores_a_password_says_whose_it_is() -> None:
    calls = [(source, node) for source in package() for node in source.nodes() if isinstance(node, ast.Call)]
    hashed = [each for each in calls if dotted(each[1].func).rpartition(".")[2] == "hash_password"]
    by_code = [each for each in calls if any(dotted(arg).endswith("set_password_with_code") for arg in each[1].args)]
    unnamed = (source.at(node) for source, node in hashed if source.path != ASKS_LATER and "names" not in given(node))
    unchecked = (source.at(node) for source, node in by_code if "check" not in given(node))
    fail_on((*unnamed, *unchecked), "Give hash_password names=, and set_password_with_code a check= of its owner.")
    assert len(hashed) >= 3
    assert by_code


def given(call: ast.Call) -> set[str | None]:
    """The names of a call's arguments."""
    return {keyword.arg for keyword in call.keywords}
