"""The worker's process: the configured queue engine until a signal ends it, gracefully."""

from __future__ import annotations

import os
import select
import signal
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from credit_protection.facade import CreditProtection


LOOK_EVERY = 1.0
"""Seconds between looks, where what other processes ask for (a command, the ERP) wakes nobody here by itself."""


class Ending(Enum):
    """What ended a worker: the signal's number."""

    TOLD = signal.SIGTERM
    INTERRUPTED = signal.SIGINT


def work(protection: CreditProtection, *, announce: Callable[[str], None]) -> Ending:
    """Work until SIGTERM or SIGINT: transmit what is due, sweep, finish the calls that run. In the main thread only.

    A second signal, while it finishes, ends it at once; what was claimed is then found by the next worker's sweep.

    Args:
        protection: whose queue.
        announce: is given a Portuguese line when work begins, and one when it is told to end.

    Returns:
        Which signal ended it.
    """
    reading, writing = os.pipe()

    def heed(number: int, _: FrameType | None) -> None:
        os.write(writing, bytes((number,)))  # a lock here could be held already

    before = {ending.value: signal.signal(ending.value, heed) for ending in Ending}
    try:
        protection.worker.start()
        announce("Trabalhador em atividade. Para terminar: Ctrl-C ou SIGTERM.")
        look_every = None if protection.worker.capabilities.distributed else LOOK_EVERY
        while not select.select([reading], [], [], look_every)[0]:
            protection.worker.wake()
        (number,) = os.read(reading, 1)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        os.close(reading)
        os.close(writing)
    announce("Terminando o que começou...")
    protection.worker.stop()
    return Ending(number)
