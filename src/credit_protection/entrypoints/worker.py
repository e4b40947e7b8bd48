"""The worker process: runs the configured queue engine until a signal, then stops it gracefully."""

import os
import select
import signal
from collections.abc import Callable
from enum import Enum

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
    os.set_blocking(writing, False)
    # The interpreter writes the number as soon as the signal arrives. A handler in Python would wait for the main
    # thread, which may be about to block in select.
    previous_descriptor = signal.set_wakeup_fd(writing)
    previous = {reason.value: signal.signal(reason.value, lambda *_: None) for reason in StopReason}
    number = 0
    try:
        protection.worker.start()
        announce("Trabalhador em atividade. Para terminar: Ctrl-C ou SIGTERM.")
        fetch_every = None if protection.worker.capabilities.distributed else FETCH_EVERY
        while number not in previous:
            if select.select([reading], [], [], fetch_every)[0]:
                (number,) = os.read(reading, 1)
            else:
                protection.worker.wake()
    finally:
        signal.set_wakeup_fd(previous_descriptor)
        for each, handler in previous.items():
            signal.signal(each, handler)
        os.close(reading)
        os.close(writing)
    announce("Terminando o que começou...")
    protection.worker.stop()
    return StopReason(number)
