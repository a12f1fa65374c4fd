"""TLS for a village: an authority of the station's own, and a certificate of its PC that phones come to trust.

A browser opens the camera only over https. Where no public authority can vouch for a PC on a local network, the
station does it: its root certificate is installed once on each phone, and its key never leaves the PC.
"""

import ipaddress
import os
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ROOT_LIFE = timedelta(days=3650)
# Browsers refuse server certificates of a longer life (CA/Browser Forum; Apple for private roots too).
SERVER_LIFE = timedelta(days=397)
ROOT_CERTIFICATE, ROOT_KEY = "ningxin-root.crt", "ningxin-root.key"
SERVER_CERTIFICATE, SERVER_KEY = "server.crt", "server.key"


def make_certificates(folder: Path, names: list[str], *, now: datetime) -> None:
    """Write a server certificate for the names (host names or addresses), signed by the folder's root.

    The root is made the first time and kept, so that phones which trust it trust the renewed certificate too.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / ROOT_KEY).exists():
        _make_root(folder, now)
    root_key = serialization.load_pem_private_key((folder / ROOT_KEY).read_bytes(), password=None)
    root = x509.load_pem_x509_certificate((folder / ROOT_CERTIFICATE).read_bytes())
    if not isinstance(root_key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{folder / ROOT_KEY} is not a key of ours")
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(names[0], root.subject, key.public_key(), now, SERVER_LIFE)
        .add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_authority_key(root_key), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    _write_key(folder / SERVER_KEY, key)
    (folder / SERVER_CERTIFICATE).write_bytes(_pem(certificate) + _pem(root))


def _make_root(folder: Path, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Ningxin local root")])
    certificate = (
        _builder("Ningxin local root", name, key.public_key(), now, ROOT_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(_authority_key(key), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write_key(folder / ROOT_KEY, key)
    (folder / ROOT_CERTIFICATE).write_bytes(_pem(certificate))


def _builder(
    name: str, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    """What a key may do: vouch for other keys, or prove in a handshake that it is there."""
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
    """Which key has signed, from the key itself: the root of a village may be older than its key identifier."""
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    """The key, readable by its owner alone from its first byte on."""
    path.unlink(missing_ok=True)
    content = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(content)
