"""Old roots, lost or mixed-up files, and mistyped names: phones keep working, or one sentence says what to do."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask

from ledger.web import certificates
from ledger.web.certificates import ROOT_CERTIFICATE, ROOT_KEY, SERVER_CERTIFICATE, SERVER_KEY, make_certificates
from tests.commands import invoke

NOW = datetime.now(UTC)
NO_NAMES = (
    *(
        "https://192.168.1.10:8443",
        "192.168.1.10:8443",
        "192.168.001.010",
        "192.168.1.10/24",
        "a b",
        "../x",
        "",
        "l" * 74,
    ),
    *(
        "柳荫.local",
        "１９２.168.1.10",
        "192.168.1",
        "1",
        "0.0.0.0",
        "::",
        "fe80::1%eth0",
        "-a.local",
        "a..b",
        "a.",
        ".a",
    ),
    *("*.local", "a_b", "a\nb", "a\n", "x.local,y.local", "[::1]", ".".join(["l" * 60] * 5)),
)


def root_of(folder: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / ROOT_CERTIFICATE).read_bytes())


def old_root(folder: Path) -> bytes:
    """Replace the root's certificate by one without identifiers, as earlier versions made them; returns it."""
    root = root_of(folder)
    key = serialization.load_pem_private_key((folder / ROOT_KEY).read_bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    builder = x509.CertificateBuilder(root.issuer, root.subject, key.public_key(), root.serial_number)
    builder = builder.not_valid_before(NOW - timedelta(days=300)).not_valid_after(NOW + timedelta(days=3000))
    for extension in root.extensions:
        if isinstance(extension.value, x509.BasicConstraints | x509.KeyUsage):
            builder = builder.add_extension(extension.value, extension.critical)
    written = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    (folder / ROOT_CERTIFICATE).write_bytes(written)
    return written


def openssl_says(root: bytes, folder: Path, *more: str) -> str:
    """What a client that trusts this root says of the server's certificate, which it gets with the root behind it."""
    trusted = folder / "trusted.crt"
    trusted.write_bytes(root)
    server = str(folder / SERVER_CERTIFICATE)
    command = ["openssl", "verify", *more, "-CAfile", str(trusted), "-untrusted", server, "-verify_hostname", "a.local"]
    done = subprocess.run([*command, server], capture_output=True, text=True)
    return (done.stdout + done.stderr).strip()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_a_root_without_identifiers_is_issued_anew_and_phones_keep_working(tmp_path: Path) -> None:
    make_certificates(tmp_path, ["a.local"], now=NOW)
    on_phones, key = old_root(tmp_path), (tmp_path / ROOT_KEY).read_bytes()

    previous_end = make_certificates(tmp_path, ["a.local"], now=NOW)

    assert previous_end is not None
    assert previous_end.date() == (NOW + timedelta(days=3000)).date()
    assert (tmp_path / ROOT_KEY).read_bytes() == key
    assert openssl_says(on_phones, tmp_path).endswith("OK")
    assert openssl_says((tmp_path / ROOT_CERTIFICATE).read_bytes(), tmp_path, "-x509_strict").endswith("OK")
    assert make_certificates(tmp_path, ["a.local"], now=NOW) is None


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_a_certificate_does_not_outlive_its_root(tmp_path: Path) -> None:
    make_certificates(tmp_path, ["a.local"], now=NOW - certificates.ROOT_LIFE + timedelta(days=396))
    on_phones = (tmp_path / ROOT_CERTIFICATE).read_bytes()

    assert make_certificates(tmp_path, ["a.local"], now=NOW) is not None

    (server, root) = x509.load_pem_x509_certificates((tmp_path / SERVER_CERTIFICATE).read_bytes())
    assert server.not_valid_after_utc <= root.not_valid_after_utc
    assert root == root_of(tmp_path)
    assert openssl_says(on_phones, tmp_path, "-x509_strict").endswith("OK")


@pytest.fixture
def tls(app: Flask) -> Path:
    """The folder of an installation's certificates, which are there."""
    folder: Path = app.config["SETTINGS"].data_folder / "tls"
    shutil.rmtree(folder, ignore_errors=True)
    assert certify(app, "192.168.1.10").exit_code == 0
    return folder


def certify(app: Flask, *names: str) -> Result:
    return invoke(app, "certificate", "--", *names)


def refused(app: Flask, folder: Path, *names: str) -> str:
    """The one sentence with which the command refuses; it changes no file."""
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    result = certify(app, *names)
    assert result.exit_code == 1, result.output
    assert before == {file.name: file.read_bytes() for file in folder.iterdir()}
    [line] = result.stderr.splitlines()
    return line


@pytest.mark.parametrize("name", NO_NAMES)
def test_a_name_that_no_phone_opens_is_refused(app: Flask, tls: Path, name: str) -> None:
    assert "without https:// and port" in refused(app, tls, name)
    assert "without https:// and port" in refused(app, tls, "192.168.1.10", name)


@pytest.mark.parametrize(
    "name", ["192.168.1.10", "fd00::10", "localhost", "ningxin", "pc-1.local", "1.a", "l" * 63 + ".local"]
)
def test_other_names_are_taken(app: Flask, tls: Path, name: str) -> None:
    assert tls.is_dir()
    assert certify(app, name, name).exit_code == 0


@pytest.mark.parametrize(("lost", "left"), [(ROOT_CERTIFICATE, ROOT_KEY), (ROOT_KEY, ROOT_CERTIFICATE)])
def test_half_a_root_is_not_replaced(app: Flask, tls: Path, lost: str, left: str) -> None:
    (tls / lost).unlink()
    said = refused(app, tls, "192.168.1.10")
    assert f"{lost} is missing" in said
    assert f"remove {tls / left}" in said


def test_a_key_of_another_root_is_refused(app: Flask, tls: Path) -> None:
    shutil.copyfile(tls / SERVER_KEY, tls / ROOT_KEY)
    assert "is not the key of" in refused(app, tls, "192.168.1.10")


@pytest.mark.parametrize("file", [ROOT_CERTIFICATE, ROOT_KEY])
def test_a_damaged_root_is_refused(app: Flask, tls: Path, file: str) -> None:
    (tls / file).write_bytes((tls / file).read_bytes()[:100])
    assert "can't be read" in refused(app, tls, "192.168.1.10")


def test_the_command_says_when_phones_need_the_new_root(app: Flask, tls: Path) -> None:
    old_root(tls)
    output = certify(app, "192.168.1.10").output
    assert f"until it ends on {(NOW + timedelta(days=3000)).date()}" in output
    assert "anew" not in certify(app, "192.168.1.10").output
