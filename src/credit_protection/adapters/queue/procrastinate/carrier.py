"""Procrastinate's workers in a thread of their own: they turn its jobs into looks and sweeps of this process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Protocol

import procrastinate
from procrastinate.jobs import Status

from credit_protection.adapters.queue.procrastinate.postbox import LOOK, SWEEP

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from credit_protection.adapters.queue.procrastinate.postbox import Postbox

_POLL_SECONDS = 1.0
"""How late a scheduled look may come: Procrastinate tells at once of new jobs alone."""
_HEARTBEAT_SECONDS = 10.0
_DEAD_AFTER_SECONDS = 30.0
_GLANCE = 0.02
_LOOK_AGAIN = 0.25
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 15.0
_HEALTHY_AFTER = 30.0
_POOL_SECONDS = 10
_CANCEL_AGAIN = 2.0
_MINUTE = 60

log = logging.getLogger(__name__)


class Process(Protocol):
    """The process that jobs are turned into something for."""

    def look(self) -> None:
        """Look at what is due, now."""
        ...

    def is_busy(self) -> bool:
        """Whether no more can begin at once."""
        ...

    def has_more(self) -> bool:
        """Whether others should help."""
        ...

    def sweep(self) -> None:
        """Sweep, for all processes. It does not raise."""
        ...


class Carrier:
    """Runs Procrastinate until it is ended; after any trouble (a database that restarts, say) it begins anew.

    Two of its workers run, each with one job at a time, so that a sweep never waits for a drain. A look is a job as
    long as this process is busy with what it found: the next look, where there is more to do, comes to another process.

    Args:
        process: whose hands look and sweep.
        postbox: where wake-ups are put.
        sweep_every: how often one of all processes sweeps.
    """

    def __init__(self, process: Process, postbox: Postbox, sweep_every: timedelta) -> None:
        self._process = process
        self._postbox = postbox
        self._cron = cron(sweep_every)
        self._is_ending = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name=f"credit-protection-{os.getpid()}-carrier", daemon=True)
        self.is_up = False
        """Whether Procrastinate's workers run."""

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def end(self) -> None:
        """Take no more jobs."""
        self._is_ending.set()
        loop, ended = self._loop, self._ended
        if loop is not None and ended is not None:
            with contextlib.suppress(RuntimeError):  # it has ended just now
                loop.call_soon_threadsafe(ended.set)

    def join(self, timeout: float | None) -> bool:
        """Wait until the thread has left; tells whether it has."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        asyncio.run(self._carry())

    async def _carry(self) -> None:
        self._ended = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        pause = _FIRST_PAUSE
        while not self._is_ending.is_set():
            began = time.monotonic()
            try:
                await self._carry_until_trouble(self._ended)
            except Exception as error:  # noqa: BLE001 - whatever it is, the rows are looked at and swept meanwhile
                cause = error.__cause__ or error
                log.warning("procrastinate stopped, and is started again: %s: %s", type(cause).__name__, cause)
            finally:
                self.is_up = False
            pause = _FIRST_PAUSE if time.monotonic() - began > _HEALTHY_AFTER else min(pause * 2, _LONGEST_PAUSE)
            if not self._is_ending.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._ended.wait(), pause)

    async def _carry_until_trouble(self, ended: asyncio.Event) -> None:
        await asyncio.to_thread(self._postbox.prepare)
        app = self._app()
        async with app.open_async():
            workers = [
                asyncio.create_task(
                    app.run_worker_async(
                        queues=[queue],
                        name=f"{queue}-{os.getpid()}",
                        concurrency=1,
                        install_signal_handlers=False,
                        delete_jobs="always",
                        fetch_job_polling_interval=_POLL_SECONDS,
                        update_heartbeat_interval=_HEARTBEAT_SECONDS,
                        stalled_worker_timeout=_DEAD_AFTER_SECONDS,
                    )
                )
                for queue in (LOOK, SWEEP)
            ]
            ending = asyncio.create_task(ended.wait())
            self.is_up = True
            self._process.look()  # what was asked of nobody, while nobody listened
            try:
                await asyncio.wait([*workers, ending], return_when=asyncio.FIRST_COMPLETED)
            finally:
                self.is_up = False
                ending.cancel()
                await _cancelled(workers)
        for worker in workers:
            if not worker.cancelled():
                worker.result()  # raises what it failed with

    def _app(self) -> procrastinate.App:
        connector = procrastinate.PsycopgConnector(
            conninfo=self._postbox.conninfo,
            kwargs=dict(self._postbox.session),
            min_size=1,
            max_size=4,
            timeout=_POOL_SECONDS,
        )
        app = procrastinate.App(connector=connector)

        @app.task(name=LOOK, queue=LOOK, retry=False)
        async def look() -> None:
            await self._look()

        @app.periodic(cron=self._cron)
        @app.task(name=SWEEP, queue=SWEEP, queueing_lock=SWEEP, retry=False)
        async def sweep(timestamp: int = 0) -> None:
            del timestamp
            await self._sweep(app)

        return app

    async def _look(self) -> None:
        self._process.look()
        await asyncio.sleep(_GLANCE)
        has_called = False
        while self._process.is_busy() and not self._is_ending.is_set():
            if self._process.has_more() and not has_called:
                has_called = await asyncio.to_thread(self._postbox.post, LOOK)
            await asyncio.sleep(_LOOK_AGAIN)
            self._process.look()  # what is most urgent may have come meanwhile

    async def _sweep(self, app: procrastinate.App) -> None:
        await asyncio.to_thread(self._process.sweep)
        with contextlib.suppress(procrastinate.exceptions.ConnectorException):  # another process tidies up too
            await _forget_the_dead(app)
        await asyncio.to_thread(self._postbox.post, LOOK)


async def _cancelled(workers: Iterable[asyncio.Task[None]]) -> None:
    """Wait until they have ended, asked again and again: a cancellation that meets the end of a wait can be lost.

    (`asyncio.wait_for` loses it before Python 3.12.) A worker that is asked twice lets go of the job that it runs: that
    only looks or sweeps.
    """
    left = set(workers)
    while left:
        for worker in left:
            worker.cancel()
        _, left = await asyncio.wait(left, timeout=_CANCEL_AGAIN)


async def _forget_the_dead(app: procrastinate.App) -> None:
    """Jobs of processes that died are done with: the rows are looked at anyway."""
    for queue in (LOOK, SWEEP):
        stalled = await app.job_manager.get_stalled_jobs(queue=queue, seconds_since_heartbeat=_DEAD_AFTER_SECONDS)
        for job in stalled:
            await app.job_manager.finish_job(job=job, status=Status.ABORTED, delete_job=True)
    await app.job_manager.prune_stalled_workers(_DEAD_AFTER_SECONDS)


def cron(every: timedelta) -> str:
    """As often as that, to the second below a minute, else to the minute."""
    seconds = max(1, round(every.total_seconds()))
    if seconds < _MINUTE:
        return f"* * * * * */{seconds}"
    return f"*/{min(round(seconds / _MINUTE), _MINUTE - 1)} * * * *"
