"""Procrastinate's workers in one thread: they turn its jobs into fetches and sweeps of this process."""

import asyncio
import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from datetime import timedelta

import procrastinate
from procrastinate.jobs import Status

from credit_protection.adapters.queue.procrastinate.wakeup_publisher import FETCH_DUE, SWEEP, WakeupPublisher

_SCHEDULED_POLL_SECONDS = 1.0
"""How late a scheduled job may start: Procrastinate notifies its workers of immediate jobs only."""
_HEARTBEAT_SECONDS = 10.0
_STALLED_AFTER_SECONDS = 30.0
_POLL_FAST = 0.02
_POLL_SLOW = 0.25
_MIN_PAUSE, _MAX_PAUSE = 0.5, 15.0
_HEALTHY_AFTER = 30.0
_POOL_TIMEOUT_SECONDS = 10
_RECANCEL_AFTER = 2.0
_MINUTE = 60

log = logging.getLogger(__name__)


class ProcrastinateWorker:
    """Runs Procrastinate until `stop`; after a failure (a database that restarts, say) it starts again.

    Two of its workers run, each with one job at a time, so that a sweep never waits for a drain. A `FETCH_DUE` job
    lasts as long as this process is busy with the rows it found: the next such job goes to another process.

    `sweep` does not raise. `is_busy` says whether all workers of this process are in a call, `has_more_due` whether
    other processes should help.
    """

    def __init__(
        self,
        publisher: WakeupPublisher,
        sweep_every: timedelta,
        *,
        fetch_due: Callable[[], None],
        sweep: Callable[[], None],
        is_busy: Callable[[], bool],
        has_more_due: Callable[[], bool],
    ) -> None:
        self._publisher = publisher
        self._cron = cron(sweep_every)
        self._fetch_locally = fetch_due
        self._sweep_locally = sweep
        self._is_busy = is_busy
        self._has_more_due = has_more_due
        self._is_stopping = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped: asyncio.Event | None = None
        name = f"credit-protection-{os.getpid()}-procrastinate"
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name=name, daemon=True)
        self.is_up = False
        """Whether Procrastinate's workers run."""

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Take no more jobs."""
        self._is_stopping.set()
        loop, stopped = self._loop, self._stopped
        if loop is not None and stopped is not None:
            with contextlib.suppress(RuntimeError):  # the loop has just ended
                loop.call_soon_threadsafe(stopped.set)

    def join(self, timeout: float | None) -> bool:
        """Wait until the thread has ended; return whether it has."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    async def _run(self) -> None:
        self._stopped = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        pause = _MIN_PAUSE
        while not self._is_stopping.is_set():
            began = time.monotonic()
            try:
                await self._run_until_failure(self._stopped)
            except Exception as error:  # noqa: BLE001 - whatever it is, this process fetches and sweeps by itself
                cause = error.__cause__ or error
                log.warning("procrastinate stopped, and is started again: %s: %s", type(cause).__name__, cause)
            finally:
                self.is_up = False
            pause = _MIN_PAUSE if time.monotonic() - began > _HEALTHY_AFTER else min(pause * 2, _MAX_PAUSE)
            if not self._is_stopping.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopped.wait(), pause)

    async def _run_until_failure(self, stopped: asyncio.Event) -> None:
        await asyncio.to_thread(self._publisher.ensure_schema)
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
                        fetch_job_polling_interval=_SCHEDULED_POLL_SECONDS,
                        update_heartbeat_interval=_HEARTBEAT_SECONDS,
                        stalled_worker_timeout=_STALLED_AFTER_SECONDS,
                    )
                )
                for queue in (FETCH_DUE, SWEEP)
            ]
            stopping = asyncio.create_task(stopped.wait())
            self.is_up = True
            self._fetch_locally()  # rows whose wake-up no worker received
            try:
                await asyncio.wait([*workers, stopping], return_when=asyncio.FIRST_COMPLETED)
            finally:
                self.is_up = False
                stopping.cancel()
                await _cancel(workers)
        for worker in workers:
            if not worker.cancelled():
                worker.result()  # raises what it failed with

    def _app(self) -> procrastinate.App:
        connector = procrastinate.PsycopgConnector(
            conninfo=self._publisher.conninfo,
            kwargs=dict(self._publisher.session),
            min_size=1,
            max_size=4,
            timeout=_POOL_TIMEOUT_SECONDS,
        )
        app = procrastinate.App(connector=connector)

        @app.task(name=FETCH_DUE, queue=FETCH_DUE, retry=False)
        async def fetch_due() -> None:
            await self._fetch_due()

        @app.periodic(cron=self._cron)
        @app.task(name=SWEEP, queue=SWEEP, queueing_lock=SWEEP, retry=False)
        async def sweep(timestamp: int = 0) -> None:
            del timestamp
            await self._sweep(app)

        return app

    async def _fetch_due(self) -> None:
        self._fetch_locally()
        await asyncio.sleep(_POLL_FAST)
        has_published = False
        while self._is_busy() and not self._is_stopping.is_set():
            if self._has_more_due() and not has_published:
                has_published = await asyncio.to_thread(self._publisher.publish, FETCH_DUE)
            await asyncio.sleep(_POLL_SLOW)
            self._fetch_locally()  # a more urgent row may have become due

    async def _sweep(self, app: procrastinate.App) -> None:
        await asyncio.to_thread(self._sweep_locally)
        with contextlib.suppress(procrastinate.exceptions.ConnectorException):  # another process prunes too
            await _prune_stalled_jobs(app)
        await asyncio.to_thread(self._publisher.publish, FETCH_DUE)


async def _cancel(workers: Iterable[asyncio.Task[None]]) -> None:
    """Cancel repeatedly until all have ended: a cancellation that coincides with the end of a wait can be lost.

    (`asyncio.wait_for` loses it before Python 3.12.) A worker that is cancelled twice abandons its job, which only
    fetches or sweeps.
    """
    left = set(workers)
    while left:
        for worker in left:
            worker.cancel()
        _, left = await asyncio.wait(left, timeout=_RECANCEL_AFTER)


async def _prune_stalled_jobs(app: procrastinate.App) -> None:
    """Delete the jobs of dead processes: the rows are fetched without them."""
    for queue in (FETCH_DUE, SWEEP):
        stalled = await app.job_manager.get_stalled_jobs(queue=queue, seconds_since_heartbeat=_STALLED_AFTER_SECONDS)
        for job in stalled:
            await app.job_manager.finish_job(job=job, status=Status.ABORTED, delete_job=True)
    await app.job_manager.prune_stalled_workers(_STALLED_AFTER_SECONDS)


def cron(every: timedelta) -> str:
    """A schedule for Procrastinate: rounded to seconds below a minute, else to minutes."""
    seconds = max(1, round(every.total_seconds()))
    if seconds < _MINUTE:
        return f"* * * * * */{seconds}"
    return f"*/{min(round(seconds / _MINUTE), _MINUTE - 1)} * * * *"
