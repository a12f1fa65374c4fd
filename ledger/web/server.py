"""The built-in server: granian with one worker process, whose threads share the one writer.

Granian takes connections and heads, the gateway bodies; a thread gets only requests that are complete. HTTP/1.1
alone, where a connection carries one request at a time and one time limit holds for its head and for idling.
"""

import os
import resource
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask
from granian import Granian
from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings
from granian.log import LogLevels

from ledger.kernel import cores
from ledger.kernel.cores import Share
from ledger.kernel.settings import SettingsError, TlsVersion
from ledger.web import bodies
from ledger.web.busy import broken_answer, busy_answer
from ledger.web.gateway import Gateway
from ledger.web.health import ALIVE
from ledger.web.incoming import Limits
from ledger.web.stopping import Stopping
from ledger.web.threads import Threads

_STOP_SECONDS = 15
_MOST_CONNECTIONS = 4_096
# A connection may wait so long with half a head, or between two requests; and a head may have so many bytes.
_HEAD_SECONDS, _HEAD_BYTES = 20, 65_536
# At the speed of the slowest machine seen, the last of them waits two seconds.
_MOST_WAITING = 512
LIMITS = Limits(
    for_strangers=bodies.FOR_STRANGERS,
    for_people=bodies.FOR_PEOPLE,
    seconds=30,
    seconds_for_files=120,
    drained=16_777_216,
    # Of segments on their way to a village the smallest in use carry 536 bytes.
    pieces=1_000,
    piece_bytes=512,
)
_PARENT_LOOK_SECONDS = 1.0


def serve(
    app: Flask,
    *,
    host: str,
    port: int,
    certificate: tuple[Path, Path] | None,
    tls_min: TlsVersion,
    share: Share,
    in_worker: Callable[[Flask], None],
) -> None:
    """Serve until told to stop; `in_worker` runs once in the worker process, before the first request.

    What it starts may use all cores; requests keep to their share.

    """
    cert, key = certificate or (None, None)
    granian: Any = Granian(
        "wsgi:app",
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=1000 * _HEAD_SECONDS, max_buffer_size=_HEAD_BYTES),
        websockets=False,
        backpressure=_connections(),
        workers=1,
        blocking_threads=1,
        workers_kill_timeout=_STOP_SECONDS,
        log_level=LogLevels.error,
        ssl_cert=cert,
        ssl_key=key,
        ssl_protocol_min=SSLProtocols(f"tls{tls_min}"),
    )
    try:
        granian.serve(target_loader=partial(_start_worker, app, share, in_worker, os.getpid()), wrap_loader=False)
    except SystemExit:
        # A worker that is told together with its parent may end first, which granian takes for a failure.
        if not granian.interrupt_signal:
            raise


def _start_worker(app: Flask, share: Share, in_worker: Callable[[Flask], None], parent: int) -> Gateway:
    # Ctrl-C reaches both processes; the worker ignores it, because the parent shuts it down gracefully.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with, args=(parent,), name="parent-watch", daemon=True).start()
    in_worker(app)
    # Only now: all threads that answer are started from this one, ours here and granian's when it has the application.
    cores.keep_to(share)
    return gateway_of(app, share.threads)


def gateway_of(app: Flask, threads: int) -> Gateway:
    """The application behind so many threads, and one more that only tells whether the process is alive."""
    return Gateway(
        app,
        most=partial(bodies.most_bytes_of, app),
        busy=partial(busy_answer, app),
        broken=partial(broken_answer, app),
        limits=LIMITS,
        threads=Threads(threads, most_waiting=_MOST_WAITING),
        beside=Threads(1, most_waiting=_MOST_WAITING),
        urgent=frozenset({ALIVE}),
        stopping=Stopping(),
    )


def _connections() -> int:
    """How many connections to hold at once; leaves half of the files that a process may open to everything else."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 2 * _MOST_CONNECTIONS:
        soft = min(hard, 2 * _MOST_CONNECTIONS) if hard != resource.RLIM_INFINITY else 2 * _MOST_CONNECTIONS
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(_MOST_CONNECTIONS, soft // 2)


def _end_with(parent: int) -> None:
    """Exit when the parent is gone; otherwise the orphaned worker would keep the port."""
    while os.getppid() == parent:
        threading.Event().wait(_PARENT_LOOK_SECONDS)
    os._exit(1)


@contextmanager
def taken(host: str, port: int) -> Iterator[None]:
    """Take the port, so that no other server of ours gets it from now on. Raises SettingsError if it is taken."""
    _refuse_taken(host, port)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as mine:
        # Granian's socket may join this one, which never listens and so receives nothing; another's question may not.
        mine.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            mine.bind((host, port))
        except OSError:
            # What is left there are connections of another kind of server that has just ended.
            mine.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            mine.bind((host, port))
        yield


def refuse_unfit(certificate: tuple[Path, Path] | None) -> None:
    """Raises SettingsError for a certificate and key that can't be read or don't belong together."""
    if certificate is None:
        return
    cert, key = certificate
    for path in certificate:
        if not path.is_file():
            raise SettingsError(f"there is no file {path}: LEDGER_TLS_CERT and LEDGER_TLS_KEY name a certificate")
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(cert, key, password="")
    except OSError as error:
        raise SettingsError(
            f"{cert} and {key} are no certificate with its key ({error.strerror or error}): set LEDGER_TLS_CERT and "
            "LEDGER_TLS_KEY to two files that belong together, readable for this user, the key without a password"
        ) from error


def _refuse_taken(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SettingsError(f"can't listen at {host}:{port}: {error.strerror}; choose another --port") from error
