"""What gunicorn does for this service; it reads this file in the folder that it starts in."""

import signal
from typing import Any


def post_worker_init(_worker: Any) -> None:
    """Leave Ctrl-C to the parent, which tells the workers.

    It reaches the whole process group. A worker that is told twice at once may wait for itself for ever: gunicorn's
    handler takes a lock that the one it interrupts holds.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
