"""The worker process: runs the configured queue engine until a signal, then stops it gracefully."""

import os
import select
import signal
from collections.abc import Callable
from enum import Enum
from types import FrameType

from credit_protection.facade import CreditProtection

FETCH_EVERY = 1.0
"""Seconds between fetches, where wake-ups of other processes (a command, the ERP) do not arrive here."""


class StopReason(Enum):
    """The signal that stopped a worker."""

    TERMINATED = signal.SIGTERM
    INTERRUPTED = signal.SIGINT


def run_worker(protection: CreditProtection, *, announce: Callable[[str], None]) -> StopReason:
    """Transmit due rows and sweep until SIGTERM or SIGINT, then finish the calls in flight. In the main thread only.

    A second signal ends the process at once; the sweep of another worker then finds the claimed rows. `announce`
    receives a Portuguese line at the start, and one at the signal.
    """
    reading, writing = os.pipe()

    def handle_signal(number: int, _: FrameType | None) -> None:
        os.write(writing, bytes((number,)))  # only what is safe in a handler: a lock could be taken already

    previous = {reason.value: signal.signal(reason.value, handle_signal) for reason in StopReason}
    try:
        protection.worker.start()
        announce("Trabalhador em atividade. Para terminar: Ctrl-C ou SIGTERM.")
        fetch_every = None if protection.worker.capabilities.distributed else FETCH_EVERY
        while not select.select([reading], [], [], fetch_every)[0]:
            protection.worker.wake()
        (number,) = os.read(reading, 1)
    finally:
        for each, handler in previous.items():
            signal.signal(each, handler)
        os.close(reading)
        os.close(writing)
    announce("Terminando o que começou...")
    protection.worker.stop()
    return StopReason(number)
