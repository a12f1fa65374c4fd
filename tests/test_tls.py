"""A village's service speaks TLS 1.3, and 1.2 where the operator says so."""

import http.client
import ssl
from pathlib import Path

import pytest

from tests.browser import HOST
from tests.village import Village


def ask(village: Village, newest: ssl.TLSVersion) -> tuple[int, str | None]:
    """The status of an answer, and the version of TLS that was spoken."""
    context = ssl.create_default_context(cafile=village.folder / "tls" / "ningxin-root.crt")
    context.maximum_version = newest
    connection = http.client.HTTPSConnection(HOST, village.port, context=context, timeout=30)
    connection.connect()
    spoken = connection.sock.version() if isinstance(connection.sock, ssl.SSLSocket) else None
    connection.request("GET", "/healthz")
    return connection.getresponse().status, spoken


@pytest.mark.parametrize("said", [(), ("LEDGER_TLS_MIN=1.2",)], ids=["unsaid", "1.2"])
def test_old_phones_come_in_where_the_operator_says_so(tmp_path: Path, said: tuple[str, ...]) -> None:
    village = Village(tmp_path, more_settings=said)
    village.set_up()
    village.run("migrate")
    try:
        village.serve()
        assert ask(village, ssl.TLSVersion.TLSv1_3) == (200, "TLSv1.3")
        if said:
            assert ask(village, ssl.TLSVersion.TLSv1_2) == (200, "TLSv1.2")
        else:
            with pytest.raises(ssl.SSLError):
                ask(village, ssl.TLSVersion.TLSv1_2)
    finally:
        village.stop()
