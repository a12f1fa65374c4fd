"""TLS for a village: the station's own certificate authority, and a certificate for its PC that phones can trust.

Browsers open the camera only over https. No public authority certifies a PC on a local network, so the station does:
its root certificate is installed once on each phone, and its key never leaves the PC.
"""

import ipaddress
import re
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from ledger.kernel.private_files import make_folder, whole_file

ROOT_LIFE = timedelta(days=3650)
# Browsers refuse server certificates with longer validity (CA/Browser Forum; Apple for private roots too).
SERVER_LIFE = timedelta(days=397)
ROOT_CERTIFICATE, ROOT_KEY = "ningxin-root.crt", "ningxin-root.key"
SERVER_CERTIFICATE, SERVER_KEY = "server.crt", "server.key"
_LONGEST_COMMON_NAME, _LONGEST_HOST = 64, 253
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# A last label of digits alone would be a mistyped address.
_HOST = re.compile(rf"(?:{_LABEL}\.)*(?![0-9]+$){_LABEL}")


class CannotCertify(Exception):
    """No certificate can be made; the message says what to do, in one sentence."""


def make_certificates(folder: Path, names: list[str], *, now: datetime) -> datetime | None:
    """Write a server certificate for the names (host names or addresses), signed by the folder's root.

    The root's key and name are kept, so that phones that trust it also trust renewed certificates. Its certificate is
    issued anew if it ends before the server's or lacks identifiers; returns then when the one on the phones ends.
    Raises CannotCertify before anything is written.
    """
    alternatives = [_alternative(name) for name in dict.fromkeys(names)]
    make_folder(folder)
    root_key, root, previous_end = _root(folder, now)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(_named(names[0]), root.subject, key.public_key(), now, SERVER_LIFE)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_authority_key(root_key), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    _write_key(folder / SERVER_KEY, key)
    _write(folder / SERVER_CERTIFICATE, _pem(certificate) + _pem(root))
    return previous_end


def _root(folder: Path, now: datetime) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate, datetime | None]:
    """The root's key and certificate, made or issued anew where needed; and when a replaced certificate ends."""
    key_file, file = folder / ROOT_KEY, folder / ROOT_CERTIFICATE
    if not key_file.exists() and not file.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        _write_key(key_file, key)
        root = _sign_root(key, now, _named("Ningxin local root"))
        _write(file, _pem(root))
        return key, root, None
    key, root = _read_root(key_file, file)
    if _has_identifiers(root) and root.not_valid_after_utc >= now + SERVER_LIFE:
        return key, root, None
    renewed = _sign_root(key, now, root.subject)
    _write(file, _pem(renewed))
    return key, renewed, root.not_valid_after_utc


def _read_root(key_file: Path, file: Path) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    for missing, other in ((key_file, file), (file, key_file)):
        if not missing.exists():
            raise CannotCertify(
                f"{missing} is missing: put it back from a copy, or remove {other} too and run this again; "
                "every phone then needs the new root certificate."
            )
    try:
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
        root = x509.load_pem_x509_certificate(file.read_bytes())
    except (ValueError, TypeError) as error:
        raise CannotCertify(f"{key_file} or {file} can't be read: put both back from a copy.") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or root.public_key() != key.public_key():
        raise CannotCertify(f"{key_file} is not the key of {file}: put back the two that belong together.")
    return key, root


def _has_identifiers(root: x509.Certificate) -> bool:
    """Whether both identifiers are there, without which strict clients refuse the chain."""
    found = {extension.oid for extension in root.extensions}
    return {ExtensionOID.SUBJECT_KEY_IDENTIFIER, ExtensionOID.AUTHORITY_KEY_IDENTIFIER} <= found


def _sign_root(key: ec.EllipticCurvePrivateKey, now: datetime, name: x509.Name) -> x509.Certificate:
    return (
        _builder(name, name, key.public_key(), now, ROOT_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(_authority_key(key), critical=False)
        .sign(key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    """The permitted uses of a key: signing certificates, or TLS handshakes."""
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _authority_key(key: ec.EllipticCurvePrivateKey) -> x509.AuthorityKeyIdentifier:
    """The signer's key identifier, computed from the key: an old root may lack one."""
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _named(name: str) -> x509.Name:
    """A common name, which is only shown: browsers check the alternative names."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:_LONGEST_COMMON_NAME])])


def _alternative(name: str) -> x509.GeneralName:
    """An address or host name. Raises CannotCertify for a URL, a port, a network, and names that no browser opens."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        address = None
    if address is not None and "%" not in name and not address.is_unspecified:
        return x509.IPAddress(address)
    if address is None and len(name) <= _LONGEST_HOST and _HOST.fullmatch(name):
        return x509.DNSName(name)
    raise CannotCertify(
        f"{name!r} is neither an address nor a host name: type what phones will open, without https:// and port, "
        "like 192.168.1.10 or ningxin.local."
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    encoding = serialization.Encoding.PEM
    _write(path, key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))


def _write(path: Path, content: bytes) -> None:
    with whole_file(path) as file:
        file.write(content)
