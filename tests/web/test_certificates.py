"""The village's certificates: a client that trusts the root trusts the PC, and nobody else."""

import http.client
import http.server
import shutil
import ssl
import stat
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID

from ledger.web.certificates import ROOT_CERTIFICATE, ROOT_KEY, SERVER_CERTIFICATE, SERVER_KEY, make_certificates


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Certificates for this machine."""
    make_certificates(tmp_path, ["localhost", "127.0.0.1"], now=datetime.now(UTC))
    return tmp_path


@pytest.fixture
def port(folder: Path) -> Iterator[int]:
    """The port of a server that presents the certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / SERVER_CERTIFICATE, folder / SERVER_KEY)
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def ask(port: int, host: str, context: ssl.SSLContext) -> int:
    connection = http.client.HTTPSConnection(host, port, context=context, timeout=10)
    connection.request("HEAD", "/")
    return connection.getresponse().status


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_who_trusts_the_root_trusts_the_pc_by_name_and_by_address(folder: Path, port: int, host: str) -> None:
    strict = ssl.create_default_context(cafile=folder / ROOT_CERTIFICATE)
    strict.verify_flags |= ssl.VERIFY_X509_STRICT
    assert ask(port, host, strict) == 200


def test_the_certificates_pass_the_rules_of_browsers(folder: Path) -> None:
    root, (server, sent_along) = read(folder / ROOT_CERTIFICATE)[0], read(folder / SERVER_CERTIFICATE)
    assert sent_along == root
    store = verification.Store([root])
    for subject in (x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))):
        chain = verification.PolicyBuilder().store(store).build_server_verifier(subject).verify(server, [])
        assert chain == [server, root]
    with pytest.raises(verification.VerificationError):
        verification.PolicyBuilder().store(store).build_server_verifier(x509.DNSName("example.org")).verify(server, [])


def read(path: Path) -> list[x509.Certificate]:
    """The certificates of a file."""
    return x509.load_pem_x509_certificates(path.read_bytes())


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_the_certificates_pass_openssl_at_its_strictest(folder: Path) -> None:
    trusted = ("-x509_strict", "-check_ss_sig", "-purpose", "sslserver", "-CAfile", str(folder / ROOT_CERTIFICATE))
    for expected in (("-verify_hostname", "localhost"), ("-verify_ip", "127.0.0.1")):
        done = subprocess.run(
            ["openssl", "verify", *trusted, *expected, str(folder / SERVER_CERTIFICATE)], capture_output=True, text=True
        )
        assert (done.returncode, done.stdout.strip()[-2:]) == (0, "OK"), done.stdout + done.stderr


def test_each_key_is_named_and_may_do_one_thing(folder: Path) -> None:
    (root,), (server, _root) = read(folder / ROOT_CERTIFICATE), read(folder / SERVER_CERTIFICATE)
    for certificate, is_root in ((root, True), (server, False)):
        extensions = certificate.extensions
        signer = extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
        assert signer == root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        bounds = extensions.get_extension_for_class(x509.BasicConstraints)
        usage = extensions.get_extension_for_class(x509.KeyUsage)
        assert bounds.critical
        assert bounds.value.ca is is_root
        assert usage.critical
        assert usage.value.key_cert_sign is is_root
        assert usage.value.digital_signature is not is_root


def test_the_server_s_certificate_serves_for_no_longer_than_browsers_take(folder: Path) -> None:
    (root,), (server, _root) = read(folder / ROOT_CERTIFICATE), read(folder / SERVER_CERTIFICATE)
    purposes = server.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [ExtendedKeyUsageOID.SERVER_AUTH]
    # A certificate is dated from the day before: clocks of phones may be slow.
    assert server.not_valid_after_utc - server.not_valid_before_utc == timedelta(days=398)
    assert root.not_valid_after_utc - root.not_valid_before_utc == timedelta(days=3651)


def test_the_root_signs_servers_and_no_other_authority(folder: Path) -> None:
    [root] = read(folder / ROOT_CERTIFICATE)
    assert root.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0


def test_who_does_not_trust_the_root_is_warned(port: int) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        ask(port, "localhost", ssl.create_default_context())


def test_a_renewed_certificate_keeps_the_root_that_phones_trust(folder: Path) -> None:
    root, server = (folder / ROOT_CERTIFICATE).read_bytes(), (folder / SERVER_CERTIFICATE).read_bytes()
    make_certificates(folder, ["192.0.2.7"], now=datetime.now(UTC))
    assert (folder / ROOT_CERTIFICATE).read_bytes() == root
    assert (folder / SERVER_CERTIFICATE).read_bytes() != server


@pytest.mark.parametrize("name", [ROOT_KEY, SERVER_KEY])
def test_keys_are_readable_by_their_owner_alone(folder: Path, name: str) -> None:
    assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
