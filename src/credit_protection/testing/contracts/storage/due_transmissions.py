"""Due transmissions, leases and locks."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import date, datetime, timedelta

from credit_protection.domain.negativations import Block, Claim, Negativation
from credit_protection.domain.state_table import Action, Observed
from credit_protection.ports.storage import DueTransmission, Storage
from credit_protection.testing import samples
from credit_protection.testing.contracts.capabilities import CapabilityGated, requires
from credit_protection.testing.contracts.storage.negativations import store
from credit_protection.testing.contracts.storage.units import committed
from credit_protection.testing.contracts.threads import SHORT_WAIT, TIMEOUT, run_in_thread, running_in_thread

NOW, MINUTE = samples.NOW, samples.MINUTE
SECOND = timedelta(seconds=1)


def pending(name: str, due_at: datetime = NOW, **work: object) -> Negativation:
    """A new negativation whose transmission has these fields."""
    made = samples.negativation(name, [name])
    transmission = replace(made.transmission, due_at=due_at)
    return replace(made, transmission=replace(transmission, **work))  # type: ignore[arg-type] # any field


def leased_until(until: datetime) -> Claim:
    """A lease until then."""
    return Claim(Action.INCLUDE, "worker-a", until - MINUTE, until, 1)


def due(storage: Storage, now: datetime = NOW, limit: int = 100, *others: str) -> list[str]:
    """Ids of due transmissions."""
    with storage.read_only() as unit:
        return [each.negativation_id for each in unit.negativations.due(now, limit, except_integrations=others)]


def next_due_at(storage: Storage, now: datetime = NOW) -> datetime | None:
    """When a worker must fetch due rows again."""
    with storage.read_only() as unit:
        return unit.negativations.next_due_at(now)


class DueTransmissionsContract(CapabilityGated):
    """Due transmissions, leases and locks."""

    is_concurrent: bool = False

    def test_a_transmission_that_a_worker_may_claim_is_due(self, seeded: Storage) -> None:
        """It is a call, due, without a valid lease, and waits for no person."""
        block = Block("parado", "parado por pessoa", NOW)
        store(
            seeded,
            pending("now"),
            pending("long-ago", NOW - MINUTE),
            pending("later", NOW + SECOND),
            pending("leased", claim=leased_until(NOW + SECOND)),
            pending("lease-over", claim=leased_until(NOW)),
            pending("blocked", block=block),
            pending("callback", action=Action.AWAIT_CALLBACK),
            pending("person", action=Action.ASK_PERSON),
            pending("nothing", action=Action.NOTHING),
        )
        assert due(seeded) == ["long-ago", "lease-over", "now"]
        assert due(seeded, NOW - 2 * MINUTE) == []

    def test_what_a_wrong_clock_set_far_ahead_is_due(self, seeded: Storage) -> None:
        """A due instant or a lease that lies farther ahead than it could have been set keeps nothing waiting."""
        day = timedelta(days=1)
        store(
            seeded,
            pending("soon", NOW + 59 * MINUTE),
            pending("far", NOW + 365 * day),
            samples.wants_removal(pending("removal", NOW + day), date(2026, 10, 6)),
            pending("leased-soon", claim=leased_until(NOW + 59 * MINUTE)),
            pending("leased-far", claim=leased_until(NOW + day)),
        )
        assert due(seeded) == ["removal", "leased-far", "far"]
        with seeded.read_only() as unit:
            assert unit.negativations.expired(NOW, 10) == ["leased-far"]

    def test_removals_come_first_by_deadline_then_the_rest_by_due_instant(self, seeded: Storage) -> None:
        """Look-ups of removals in doubt count as removals."""
        long_ago = NOW - timedelta(days=9)
        store(
            seeded,
            pending("include-b", NOW - MINUTE),
            pending("include-a", long_ago),
            samples.wants_removal(pending("late"), date(2026, 10, 20)),
            samples.wants_removal(pending("soon-b", NOW), date(2026, 10, 6)),
            samples.wants_removal(pending("soon-a", NOW - SECOND), date(2026, 10, 6)),
            replace(
                samples.wants_removal(pending("doubt"), date(2026, 10, 7), action=Action.LOOK_UP),
                observed=Observed.IN_DOUBT_REMOVE,
            ),
        )
        expected = ["soon-a", "soon-b", "doubt", "late", "include-a", "include-b"]
        assert due(seeded) == expected
        for limit in range(7):
            assert due(seeded, NOW, limit) == expected[:limit]

    def test_a_due_transmission_has_what_the_next_call_is_chosen_by(self, seeded: Storage) -> None:
        store(seeded, samples.wants_removal(pending("one", NOW - MINUTE), date(2026, 10, 20)), pending("two"))
        with seeded.read_only() as unit:
            assert list(unit.negativations.due(NOW, 10)) == [
                DueTransmission("one", "integration-1", Action.REMOVE, date(2026, 10, 20), NOW - MINUTE),
                DueTransmission("two", "integration-1", Action.INCLUDE, None, NOW),
            ]

    def test_paused_and_excepted_integrations_are_left_out(self, seeded: Storage) -> None:
        with committed(seeded) as unit:
            unit.integrations.add(samples.integration("paused", paused_until=NOW + MINUTE))
            unit.integrations.add(samples.integration("never-paused", paused_until=None))
        store(
            seeded,
            pending("a"),
            replace(pending("b"), integration_id="paused"),
            replace(samples.wants_removal(pending("c")), integration_id="paused"),
            replace(pending("d"), integration_id="never-paused"),
        )
        assert due(seeded) == ["a", "d"]
        assert due(seeded, NOW + MINUTE) == ["c", "a", "b", "d"]
        assert due(seeded, NOW, 100, "integration-1", "unknown") == ["d"]

    def test_an_inactive_integration_includes_nothing_and_still_removes(self, seeded: Storage) -> None:
        """Earlier inclusions are looked up and removed; new ones wake no worker."""
        with committed(seeded) as unit:
            unit.integrations.add(samples.integration("inactive", active=False, paused_until=None))
        suspended = [replace(pending("a", NOW - MINUTE), integration_id="inactive")]
        store(seeded, *suspended)
        assert due(seeded) == []
        assert next_due_at(seeded) is None
        store(
            seeded,
            replace(pending("b", action=Action.LOOK_UP), integration_id="inactive"),
            replace(samples.wants_removal(pending("c")), integration_id="inactive"),
        )
        assert due(seeded) == ["c", "b"]
        assert next_due_at(seeded) == NOW

    def test_expired_leases_are_found_oldest_first(self, seeded: Storage) -> None:
        store(
            seeded,
            pending("b", claim=leased_until(NOW - SECOND)),
            pending("a", claim=leased_until(NOW - MINUTE)),
            pending("running", claim=leased_until(NOW + SECOND)),
            pending("free"),
        )
        with seeded.read_only() as unit:
            assert list(unit.negativations.expired(NOW, 10)) == ["a", "b"]
            assert list(unit.negativations.expired(NOW, 1)) == ["a"]

    def test_next_due_at_is_the_earliest_due_instant_or_end_of_a_lease(self, seeded: Storage) -> None:
        assert next_due_at(seeded) is None
        store(seeded, pending("nothing", action=Action.NOTHING), pending("person", action=Action.ASK_PERSON))
        assert next_due_at(seeded) is None
        store(seeded, pending("later", NOW + 9 * MINUTE))
        assert next_due_at(seeded) == NOW + 9 * MINUTE
        store(seeded, pending("leased", NOW, claim=leased_until(NOW + 8 * MINUTE)))
        assert next_due_at(seeded) == NOW + 8 * MINUTE
        store(seeded, samples.wants_removal(pending("removal", NOW + 7 * MINUTE)))
        assert next_due_at(seeded) == NOW + 7 * MINUTE
        store(seeded, pending("past", NOW - MINUTE))
        assert next_due_at(seeded) == NOW - MINUTE

    def test_a_pause_postpones_next_due_at(self, seeded: Storage) -> None:
        """Else a worker would poll in vain."""
        with committed(seeded) as unit:
            unit.integrations.add(samples.integration("paused", paused_until=NOW + 5 * MINUTE))
        store(seeded, replace(pending("a"), integration_id="paused"))
        assert next_due_at(seeded) == NOW + 5 * MINUTE
        store(seeded, pending("b", NOW + 6 * MINUTE))
        assert next_due_at(seeded) == NOW + 5 * MINUTE
        store(seeded, pending("c", NOW + 4 * MINUTE))
        assert next_due_at(seeded) == NOW + 4 * MINUTE
        assert next_due_at(seeded, NOW + 5 * MINUTE) == NOW

    # -------------------------------------------------------------------------------------------- locks

    def test_a_locked_negativation_is_not_changed_by_another_unit(self, seeded: Storage) -> None:
        store(seeded, pending("one"))

        def other() -> int:
            with seeded.unit() as unit:
                read = unit.negativations.lock("one")
                assert read is not None
                return read.version

        with seeded.unit() as unit:
            mine = unit.negativations.lock("one")
            assert mine is not None
            with running_in_thread(other) as others:
                time.sleep(SHORT_WAIT)
                unit.negativations.save(mine)
                unit.commit()
        assert others.result() == mine.version + 1

    @requires("is_concurrent")
    def test_lock_skips_a_negativation_locked_elsewhere_when_requested(self, seeded: Storage) -> None:
        store(seeded, pending("one"), pending("two"))

        def other(name: str) -> bool:
            with seeded.unit() as unit:
                return unit.negativations.lock(name, skip_locked=True) is not None

        with seeded.unit() as unit:
            assert unit.negativations.lock("one", skip_locked=True) is not None
            assert run_in_thread(lambda: other("one")) is False
            assert run_in_thread(lambda: other("two")) is True

    @requires("is_concurrent")
    def test_lock_all_skips_negativations_locked_elsewhere(self, seeded: Storage) -> None:
        store(seeded, pending("one"), pending("two"), pending("three"))

        def others() -> list[str]:
            with seeded.unit() as unit:
                return [each.id for each in unit.negativations.lock_all(["three", "one", "two"])]

        with seeded.unit() as unit:
            assert unit.negativations.lock("one") is not None
            assert sorted(run_in_thread(others)) == ["three", "two"]

    def test_lock_for_invoices_leaves_out_one_that_was_closed_while_it_waited(self, seeded: Storage) -> None:
        store(seeded, *(samples.negativation(name, [name]) for name in ("one", "two")))

        def other() -> list[str]:
            with seeded.unit() as unit:
                return [each.id for each in unit.negativations.lock_for_invoices("local", ["one", "two"])]

        with seeded.unit() as unit:
            one = unit.negativations.lock("one")
            assert one is not None
            unit.negativations.save(samples.removed(one))
            with running_in_thread(other) as found:
                time.sleep(SHORT_WAIT)
                unit.commit()
        assert found.result() == ["two"]

    def test_an_invoice_locked_by_a_unit_is_not_locked_by_another(self, seeded: Storage) -> None:
        """Creation and payment can't miss each other (rule 8), whether the row exists before or not."""
        for _ in range(2):
            taken: list[str] = []

            def other(taken: list[str] = taken) -> None:
                with committed(seeded) as unit:
                    unit.settlements.lock_invoices("local", ["invoice-2", "invoice-1"])
                    taken.append("other")

            with seeded.unit() as unit:
                unit.settlements.lock_invoices("local", ["invoice-1"])
                with running_in_thread(other):
                    time.sleep(SHORT_WAIT)
                    taken.append("mine")
                    unit.commit()
            assert taken == ["mine", "other"]

    def test_units_that_lock_the_same_invoices_never_deadlock(self, seeded: Storage) -> None:
        start = threading.Barrier(2)

        def lock(*, forward: bool) -> None:
            for number in range(10):
                ids = [f"invoice-{each}" for each in range(number, number + 6)]
                start.wait(TIMEOUT)
                with committed(seeded) as unit:
                    unit.settlements.lock_invoices("local", ids if forward else ids[::-1])

        with running_in_thread(lambda: lock(forward=False)):
            lock(forward=True)
