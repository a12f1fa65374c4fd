"""The printed log-ins of the demonstration: made at its first start, kept in a file that only its owner can read."""

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from ledger.demo import words
from ledger.demo.people_plan import FIRST_LOGIN
from ledger.kernel.private_files import whole_file
from ledger.people.policy import demonstration_phone
from ledger.people.volunteers.card_tokens import new_token

_FILE = "demo-logins.json"
_SYLLABLES = (
    "mi", "su", "yu", "lan", "tao", "lin", "shan", "hua", "mei", "song", "zhu", "yun",
    "hai", "ping", "nan", "bei", "dong", "xin", "chun", "qiu", "xue", "feng", "he", "xing",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LoginRole:
    """The person behind a printed log-in: the count-th phone number, a name, the role in words and as it is granted."""

    count: int
    name: str
    title: str
    granted: str


LOGIN_ROLES: dict[str, LoginRole] = {
    "admin": LoginRole(0, "李建国", "管理员", "admin"),
    "auditor": LoginRole(1, "周慧敏", "审计员", "auditor"),
    "station_manager": LoginRole(2, "马海峰", "站长", "station_manager"),
    "clerk": LoginRole(3, "陈晓燕", "店员", "clerk"),
    "volunteer": LoginRole(4, "王桂兰", "志愿者", ""),
    # What takes two people can be tried only with another who decides.
    "second_admin": LoginRole(5, words.SECOND_ADMIN, "管理员二", "admin"),
}


@dataclass(frozen=True, slots=True)
class Login:
    """A log-in to try: `card` is the token of the volunteer's printed card, empty for others."""

    role: str
    title: str
    name: str
    phone: str
    password: str
    card: str = ""


def make_logins() -> list[Login]:
    """Make log-ins with passwords that are easy to read from a screen and type on a phone."""
    return [
        Login(
            role,
            login.title,
            login.name,
            demonstration_phone(FIRST_LOGIN + login.count),
            _password(),
            new_token() if role == "volunteer" else "",
        )
        for role, login in LOGIN_ROLES.items()
    ]


def write_logins(folder: Path, logins: list[Login]) -> None:
    """Store the log-ins for later printing; only the file's owner can ever read it."""
    text = json.dumps([asdict(login) for login in logins], ensure_ascii=False, indent=1)
    with whole_file(folder / _FILE) as file:
        file.write(text.encode())


def read_logins(folder: Path) -> list[Login]:
    """The stored log-ins; an empty list if there are none."""
    path = folder / _FILE
    if not path.is_file():
        return []
    return [Login(**login) for login in json.loads(path.read_text(encoding="utf-8"))]


def logins_as_json(logins: list[Login], base_url: str) -> str:
    """The log-ins and the address of the printed card, for programs."""
    card = next((card_address(login, base_url) for login in logins if login.card), "")
    listed = [{name: value for name, value in asdict(login).items() if name != "card"} for login in logins]
    return json.dumps({"base_url": base_url, "logins": listed, "card_url": card}, ensure_ascii=False, indent=1)


def logins_as_table(logins: list[Login], base_url: str) -> str:
    """The log-ins as text for a screen."""
    lines = [f"==> Demonstration (演示区, everybody in it is invented): {base_url}"]
    lines += [
        f"    {login.title} {login.role:<16} {login.name}  phone {login.phone}  password {login.password}"
        for login in logins
    ]
    lines += [f"    printed card of {login.name}: {card_address(login, base_url)}" for login in logins if login.card]
    return "\n".join(lines)


def card_address(login: Login, base_url: str) -> str:
    """The address in the QR code on the printed card."""
    return f"{base_url}/K#{login.card}"


def _password() -> str:
    """Three different syllables and four digits: some 27 bits, enough for invented data on a local machine."""
    # The same syllable again and again would be refused as easy.
    syllables = "-".join(secrets.SystemRandom().sample(_SYLLABLES, 3))
    return f"{syllables}-{secrets.randbelow(10_000):04}"
