"""Production starts with nothing that lets others in: no plain http, no secret that is guessed, no unnamed proxy."""

from pathlib import Path

import pytest

from config import load_settings
from ledger.app import create_app
from ledger.kernel.settings import Settings, SettingsError
from tests.commands import invoke

SECRET = "5d0b9a3c7e1f48628c04e7b1d95fa632"
GOOD = {
    "LEDGER_ENV": "production",
    "LEDGER_SECRET_KEY": SECRET,
    "LEDGER_BASE_URL": "https://jf.example.org",
    "LEDGER_PROXY": "127.0.0.1",
}
GUESSED = (
    *("a" * 64, "0123456789" * 4, "changeme" * 5, "abcdefghijklmnopqrstuvwxyz0123456789", "Ningxin2026" * 3),
    *("qwertyuiopasdfghjklzxcvbnm123456", "0f" * 32, "1234qwerASDFzxcv" * 2, "2468" * 10, "987654321" * 4),
)


def load(folder: Path, **changed: str | None) -> Settings:
    given = {"LEDGER_DATA_FOLDER": str(folder)} | GOOD | changed
    return load_settings({name: value for name, value in given.items() if value is not None})


@pytest.mark.parametrize("secret", GUESSED)
@pytest.mark.parametrize("name", ["LEDGER_SECRET_KEY", "LEDGER_MONITORING_TOKEN"])
def test_a_secret_of_little_variety_is_refused_with_the_way_to_a_good_one(
    tmp_path: Path, name: str, secret: str
) -> None:
    with pytest.raises(SettingsError, match=rf"{name} repeats itself .*secrets\.token_hex\(32\)"):
        load(tmp_path, **{name: secret})


def test_a_short_one_too(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="LEDGER_SECRET_KEY must have 32 characters or more"):
        load(tmp_path, LEDGER_SECRET_KEY=SECRET[:31])


@pytest.mark.parametrize("secret", [SECRET, SECRET.upper(), "CNoO_w5l_aap7YZgidep8u7RyQl_SaST", "一" * 4 + SECRET])
def test_a_random_one_is_taken(tmp_path: Path, secret: str) -> None:
    assert load(tmp_path, LEDGER_SECRET_KEY=secret).secret_key == secret


@pytest.mark.parametrize("url", ["http://192.168.1.10:8000", "http://jf.example.org", "http://127.0.0.1.example.org"])
def test_plain_http_is_for_this_machine_alone(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match="passwords travel in the open"):
        load(tmp_path, LEDGER_BASE_URL=url)


def test_which_then_listens_to_nobody_else(tmp_path: Path) -> None:
    for url in ("http://localhost:8000", "http://127.0.0.1:8000", "http://[::1]:8000"):
        assert load(tmp_path, LEDGER_BASE_URL=url).base_url == url
    with pytest.raises(SettingsError, match="passwords travel in the open"):
        load(tmp_path, LEDGER_BASE_URL="http://localhost:8000", LEDGER_HOST="0.0.0.0")


def test_serve_moves_to_no_open_address(tmp_path: Path) -> None:
    app = create_app(load(tmp_path, LEDGER_BASE_URL="http://localhost:8000"))
    moved = invoke(app, "serve", "--host", "0.0.0.0")
    assert (moved.exit_code, "passwords travel in the open" in moved.output) == (1, True)


def test_something_must_speak_https(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nothing says who speaks it: set LEDGER_TLS_CERT .* or LEDGER_PROXY"):
        load(tmp_path, LEDGER_PROXY=None)
    own = load(tmp_path, LEDGER_PROXY=None, LEDGER_TLS_CERT="server.crt", LEDGER_TLS_KEY="server.key")
    assert own.proxies == ()


def test_development_takes_all_of_this(tmp_path: Path) -> None:
    changed = {"LEDGER_ENV": "development", "LEDGER_BASE_URL": "http://192.168.1.10:8000", "LEDGER_PROXY": None}
    assert not load(tmp_path, LEDGER_SECRET_KEY="a" * 8, **changed).https


@pytest.mark.parametrize(
    ("proxy", "why"),
    [
        ("nginx", "must be addresses or networks"),
        ("10.0.0.1/8", "must be addresses or networks"),
        ("127.0.0.1;10.0.0.1", "must be addresses or networks"),
        ("0.0.0.0/0", "names the whole world"),
        ("127.0.0.1, ::/0", "names the whole world"),
        ("0.0.0.0/1,128.0.0.0/1", r"much of it \(0\.0\.0\.0/0\)"),
        ("::ffff:0:0/97, 128.0.0.0/1", r"much of it \(0\.0\.0\.0/0\)"),
        ("10.0.0.0/8, 127.0.0.1, 11.0.0.0/8", r"much of it \(10\.0\.0\.0/7\)"),
        ("fc00::/7", "no wider than /16"),
    ],
)
def test_a_proxy_is_named_by_its_address(tmp_path: Path, proxy: str, why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        load(tmp_path, LEDGER_PROXY=proxy)


def test_several_proxies_are_named_with_commas(tmp_path: Path) -> None:
    found = load(tmp_path, LEDGER_PROXY="127.0.0.1, 10.0.8.0/24,::1").proxies
    assert [str(network) for network in found] == ["127.0.0.1/32", "10.0.8.0/24", "::1/128"]


def test_wide_networks_that_are_somebody_s_own_may_be_named(tmp_path: Path) -> None:
    wide = "10.0.0.0/8,127.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fd00::/16"
    assert ",".join(map(str, load(tmp_path, LEDGER_PROXY=wide).proxies)) == wide


def test_an_ipv4_address_that_is_written_as_ipv6_is_the_same_one(tmp_path: Path) -> None:
    found = load(tmp_path, LEDGER_PROXY="::ffff:10.0.0.1, ::ffff:10.0.8.0/120").proxies
    assert [str(network) for network in found] == ["10.0.0.1/32", "10.0.8.0/24"]


@pytest.mark.parametrize(
    "url",
    [
        *("https://jf.example.org/ningxin", "https://jf.example.org?x=1", "https://jf.example.org/#x"),
        *("https://me@jf.example.org", "jf.example.org", "ftp://jf.example.org", "https://"),
    ],
)
def test_a_base_url_is_a_scheme_and_a_host(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match="LEDGER_BASE_URL must be"):
        load(tmp_path, LEDGER_BASE_URL=url)


def test_a_slash_at_its_end_is_dropped(tmp_path: Path) -> None:
    assert load(tmp_path, LEDGER_BASE_URL="https://jf.example.org:8443/").base_url == "https://jf.example.org:8443"


@pytest.mark.parametrize("version", ["1.1", "1", "TLS1.2", "2"])
def test_tls_older_than_1_2_is_never_spoken(tmp_path: Path, version: str) -> None:
    with pytest.raises(SettingsError, match=r"must be 1\.3 or, for phones from before 2019, 1\.2"):
        load(tmp_path, LEDGER_TLS_MIN=version)


def test_tls_1_2_is_spoken_where_the_operator_says_so(tmp_path: Path) -> None:
    assert [load(tmp_path, LEDGER_TLS_MIN=said).tls_min for said in (None, "", "1.3", "1.2")] == ["1.3"] * 3 + ["1.2"]
