"""The rate limit as the bureau observes it: two worker processes, one integration."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from credit_protection.testing.simulator.simulator import BureauSimulator
from tests.drill import host
from tests.drill.database import Database
from tests.drill.installation import set_up
from tests.processes.worker import install
from tests.processes.worker_processes import negativate, until, worker_processes

if TYPE_CHECKING:
    from pathlib import Path

    from credit_protection.testing.simulator.server import Connection, Request

PER_SECOND = 10.0
WINDOW = 5.0
ALLOWED = 55  # of 50: calls arrive later than their permits
AT_LEAST = 25
CALLS = 120


class WatchedSimulator(BureauSimulator):
    """Records the instant of every request except those for a token."""

    def __init__(self) -> None:
        super().__init__(processing_seconds=0.2)
        self.arrivals: list[float] = []

    def _serve(self, request: Request, connection: Connection) -> None:
        if "token" not in request.path:
            self.arrivals.append(time.monotonic())
        super()._serve(request, connection)


@pytest.mark.drill
@pytest.mark.xdist_group("processes")
@pytest.mark.parametrize(
    ("database", "engine"),
    [
        ("sqlite", "embedded"),
        pytest.param("postgresql", "procrastinate", marks=pytest.mark.postgresql),
    ],
)
def test_two_processes_never_send_more_than_the_rate(
    request: pytest.FixtureRequest, tmp_path: Path, database: str, engine: str
) -> None:
    url = f"sqlite:///{tmp_path / 'drill.sqlite'}"
    if database == "postgresql":
        url = request.getfixturevalue("new_database")()
    container = install(tmp_path, url, engine)
    with WatchedSimulator() as bureau:
        integration_id = set_up(container, bureau.url)
        with container.storage().unit() as unit:
            integration = unit.integrations.get(integration_id)
            settings = replace(integration.settings, rate_per_second=PER_SECOND)
            unit.integrations.save(replace(integration, settings=settings))
            unit.commit()
        host.fill(Database(url), 0, CALLS, seed=1)
        negativate(container, integration_id, host.directed_invoices(CALLS, 0))
        with worker_processes(tmp_path, url, engine, 2):
            until(lambda: bureau.arrivals, 20)
            bureau.arrivals.clear()  # the requests of the set-up
            began = time.monotonic()
            until(lambda: time.monotonic() - began > 2.2 * WINDOW, 30)
            arrivals = list(bureau.arrivals)
    container.queue().stop()
    container.limits().close()
    container.storage().close()
    inside = [at for at in arrivals if began <= at <= began + 2.2 * WINDOW]
    most = max(sum(at <= each < at + WINDOW for each in inside) for at in inside)
    mean = len(inside) / 2.2
    print(f"{database}, {engine}: at most {most} in {WINDOW:.0f} s, {mean:.1f} on average")  # noqa: T201 - the figure
    assert most <= ALLOWED
    assert mean >= AT_LEAST
