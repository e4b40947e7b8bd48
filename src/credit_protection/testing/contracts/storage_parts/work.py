"""The work: what is due, what is held, and locks."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from credit_protection.domain.negativations import Action, Block, Claim, Observed
from credit_protection.ports.storage import DueTransmission
from credit_protection.testing import samples
from credit_protection.testing.contracts.capabilities import Gated, needs
from credit_protection.testing.contracts.storage_parts.negativations import keep
from credit_protection.testing.contracts.storage_parts.threads import A_MOMENT, PATIENCE, beside, meanwhile

if TYPE_CHECKING:
    from datetime import datetime

    from credit_protection.domain.negativations import Negativation
    from credit_protection.ports.storage import Storage

NOW, MINUTE = samples.NOW, samples.MINUTE
SECOND = timedelta(seconds=1)


def waiting(name: str, due_at: datetime = NOW, **work: object) -> Negativation:
    """A new negativation whose transmission has these fields."""
    made = samples.negativation(name, [name])
    transmission = replace(made.transmission, due_at=due_at)
    return replace(made, transmission=replace(transmission, **work))  # type: ignore[arg-type] # any field


def held(until: datetime) -> Claim:
    """A hold until then."""
    return Claim(Action.INCLUDE, "worker-a", until - MINUTE, until, 1)


def due(storage: Storage, now: datetime = NOW, limit: int = 100, *others: str) -> list[str]:
    """Ids of what is due."""
    with storage.reading() as unit:
        return [each.negativation_id for each in unit.negativations.due(now, limit, except_integrations=others)]


def next_due_at(storage: Storage, now: datetime = NOW) -> datetime | None:
    """When a worker must look again."""
    with storage.reading() as unit:
        return unit.negativations.next_due_at(now)


class WorkContract(Gated):
    """What holds for the work.

    `is_concurrent`: two units that write different rows run at the same time; else writers take turns.
    """

    is_concurrent: bool = False

    def test_what_a_worker_may_claim_is_due(self, stocked: Storage) -> None:
        """A call, its instant come, held by nobody alive, waiting for no person."""
        block = Block("parado", "parado por pessoa", NOW)
        keep(
            stocked,
            [
                waiting("now"),
                waiting("long-ago", NOW - MINUTE),
                waiting("later", NOW + SECOND),
                waiting("held", claim=held(NOW + SECOND)),
                waiting("lease-over", claim=held(NOW)),
                waiting("blocked", block=block),
                waiting("callback", action=Action.AWAIT_CALLBACK),
                waiting("person", action=Action.ASK_PERSON),
                waiting("nothing", action=Action.NOTHING),
            ],
        )
        assert due(stocked) == ["long-ago", "lease-over", "now"]
        assert due(stocked, NOW - 2 * MINUTE) == []

    def test_removals_come_first_by_deadline_then_the_rest_by_their_instant(self, stocked: Storage) -> None:
        """Look-ups of doubtful removals count as removals."""
        long_ago = NOW - timedelta(days=9)
        keep(
            stocked,
            [
                waiting("include-b", NOW - MINUTE),
                waiting("include-a", long_ago),
                samples.wants_removal(waiting("late"), date(2026, 10, 20)),
                samples.wants_removal(waiting("soon-b", NOW), date(2026, 10, 6)),
                samples.wants_removal(waiting("soon-a", NOW - SECOND), date(2026, 10, 6)),
                replace(
                    samples.wants_removal(waiting("doubt"), date(2026, 10, 7), action=Action.LOOK_UP),
                    observed=Observed.IN_DOUBT_REMOVE,
                ),
            ],
        )
        expected = ["soon-a", "soon-b", "doubt", "late", "include-a", "include-b"]
        assert due(stocked) == expected
        for limit in range(7):
            assert due(stocked, NOW, limit) == expected[:limit]

    def test_what_is_due_tells_enough_to_choose_the_next_call(self, stocked: Storage) -> None:
        """Its integration, action, deadline and since when."""
        keep(stocked, [samples.wants_removal(waiting("one", NOW - MINUTE), date(2026, 10, 20)), waiting("two")])
        with stocked.reading() as unit:
            assert list(unit.negativations.due(NOW, 10)) == [
                DueTransmission("one", "integration-1", Action.REMOVE, date(2026, 10, 20), NOW - MINUTE),
                DueTransmission("two", "integration-1", Action.INCLUDE, None, NOW),
            ]

    def test_paused_and_excepted_integrations_are_left_out(self, stocked: Storage) -> None:
        """A pause that is over counts no more."""
        with stocked.unit() as unit:
            unit.integrations.add(samples.integration("paused", paused_until=NOW + MINUTE))
            unit.integrations.add(samples.integration("never-paused", paused_until=None))
            unit.commit()
        keep(
            stocked,
            [
                waiting("a"),
                replace(waiting("b"), integration_id="paused"),
                replace(samples.wants_removal(waiting("c")), integration_id="paused"),
                replace(waiting("d"), integration_id="never-paused"),
            ],
        )
        assert due(stocked) == ["a", "d"]
        assert due(stocked, NOW + MINUTE) == ["c", "a", "b", "d"]
        assert due(stocked, NOW, 100, "integration-1", "nobody") == ["d"]

    def test_an_inactive_integration_includes_nothing_and_removes_on(self, stocked: Storage) -> None:
        """What it sent before is looked up and removed all the same; nobody is woken for what is held back."""
        with stocked.unit() as unit:
            unit.integrations.add(samples.integration("inactive", active=False, paused_until=None))
            unit.commit()
        held_back = [replace(waiting("a", NOW - MINUTE), integration_id="inactive")]
        keep(stocked, held_back)
        assert due(stocked) == []
        assert next_due_at(stocked) is None
        keep(
            stocked,
            [
                replace(waiting("b", action=Action.LOOK_UP), integration_id="inactive"),
                replace(samples.wants_removal(waiting("c")), integration_id="inactive"),
            ],
        )
        assert due(stocked) == ["c", "b"]
        assert next_due_at(stocked) == NOW

    def test_leases_that_ran_out_are_found(self, stocked: Storage) -> None:
        """Oldest first, so many."""
        keep(
            stocked,
            [
                waiting("b", claim=held(NOW - SECOND)),
                waiting("a", claim=held(NOW - MINUTE)),
                waiting("running", claim=held(NOW + SECOND)),
                waiting("free"),
            ],
        )
        with stocked.reading() as unit:
            assert list(unit.negativations.expired(NOW, 10)) == ["a", "b"]
            assert list(unit.negativations.expired(NOW, 1)) == ["a"]

    def test_a_worker_knows_when_to_look_again(self, stocked: Storage) -> None:
        """Where nothing waits, never."""
        assert next_due_at(stocked) is None
        keep(stocked, [waiting("nothing", action=Action.NOTHING), waiting("person", action=Action.ASK_PERSON)])
        assert next_due_at(stocked) is None
        keep(stocked, [waiting("later", NOW + 9 * MINUTE)])
        assert next_due_at(stocked) == NOW + 9 * MINUTE
        keep(stocked, [waiting("held", NOW, claim=held(NOW + 8 * MINUTE))])
        assert next_due_at(stocked) == NOW + 8 * MINUTE
        keep(stocked, [samples.wants_removal(waiting("removal", NOW + 7 * MINUTE))])
        assert next_due_at(stocked) == NOW + 7 * MINUTE
        keep(stocked, [waiting("past", NOW - MINUTE)])
        assert next_due_at(stocked) == NOW - MINUTE

    def test_a_pause_postpones_when_a_worker_must_look_again(self, stocked: Storage) -> None:
        """Else it would look again and again in vain."""
        with stocked.unit() as unit:
            unit.integrations.add(samples.integration("paused", paused_until=NOW + 5 * MINUTE))
            unit.commit()
        keep(stocked, [replace(waiting("a"), integration_id="paused")])
        assert next_due_at(stocked) == NOW + 5 * MINUTE
        keep(stocked, [waiting("b", NOW + 6 * MINUTE)])
        assert next_due_at(stocked) == NOW + 5 * MINUTE
        keep(stocked, [waiting("c", NOW + 4 * MINUTE)])
        assert next_due_at(stocked) == NOW + 4 * MINUTE
        assert next_due_at(stocked, NOW + 5 * MINUTE) == NOW

    # -------------------------------------------------------------------------------------------- locks

    def test_a_held_negativation_is_not_changed_by_others(self, stocked: Storage) -> None:
        """They wait, and then read what was saved."""
        keep(stocked, [waiting("one")])
        reached = threading.Event()

        def other() -> int:
            with stocked.unit() as unit:
                reached.set()
                read = unit.negativations.lock("one")
                assert read is not None
                return read.version

        with stocked.unit() as unit:
            mine = unit.negativations.lock("one")
            assert mine is not None
            with beside(other) as others:
                reached.wait(A_MOMENT)
                unit.negativations.save(mine)
                unit.commit()
        assert others.result() == mine.version + 1

    @needs("is_concurrent")
    def test_a_negativation_held_by_another_can_be_skipped(self, stocked: Storage) -> None:
        """At once; a free one is held."""
        keep(stocked, [waiting("one"), waiting("two")])

        def other(name: str) -> bool:
            with stocked.unit() as unit:
                return unit.negativations.lock(name, skip_locked=True) is not None

        with stocked.unit() as unit:
            assert unit.negativations.lock("one", skip_locked=True) is not None
            assert meanwhile(lambda: other("one")) is False
            assert meanwhile(lambda: other("two")) is True

    @needs("is_concurrent")
    def test_of_many_those_held_by_another_are_left_out(self, stocked: Storage) -> None:
        """Nobody waits."""
        keep(stocked, [waiting("one"), waiting("two"), waiting("three")])

        def others() -> list[str]:
            with stocked.unit() as unit:
                return [each.id for each in unit.negativations.lock_all(["three", "one", "two"])]

        with stocked.unit() as unit:
            assert unit.negativations.lock("one") is not None
            assert sorted(meanwhile(others)) == ["three", "two"]

    def test_one_that_another_unit_closes_meanwhile_covers_nothing_any_more(self, stocked: Storage) -> None:
        """Whoever waited for it sees it as it stands then."""
        keep(stocked, [samples.negativation(name, [name]) for name in ("one", "two")])
        found: list[str] = []
        reached = threading.Event()

        def other() -> None:
            reached.set()
            with stocked.unit() as unit:
                found.extend(each.id for each in unit.negativations.lock_covering("local", ["one", "two"]))

        with stocked.unit() as unit:
            one = unit.negativations.lock("one")
            assert one is not None
            unit.negativations.save(samples.removed(one))
            with beside(other):
                reached.wait(PATIENCE)
                threading.Event().wait(A_MOMENT)
                unit.commit()
        assert found == ["two"]

    def test_an_invoice_that_a_unit_holds_is_not_taken_by_another(self, stocked: Storage) -> None:
        """Creation and payment can't miss each other (rule 8), whether the row was there before or not."""
        for _ in range(2):
            taken: list[str] = []
            reached = threading.Event()

            def other(taken: list[str] = taken, reached: threading.Event = reached) -> None:
                reached.set()
                with stocked.unit() as unit:
                    unit.settlements.lock_invoices("local", ["invoice-2", "invoice-1"])
                    taken.append("other")
                    unit.commit()

            with stocked.unit() as unit:
                unit.settlements.lock_invoices("local", ["invoice-1"])
                with beside(other):
                    reached.wait(PATIENCE)
                    threading.Event().wait(A_MOMENT)
                    taken.append("mine")
                    unit.commit()
            assert taken == ["mine", "other"]

    def test_units_that_hold_the_same_invoices_never_wait_for_each_other(self, stocked: Storage) -> None:
        """Whatever the order that they ask in, and though new rows come in between."""
        start = threading.Barrier(2)

        def hold(*, forward: bool) -> None:
            for number in range(10):
                ids = [f"invoice-{each}" for each in range(number, number + 6)]
                start.wait(PATIENCE)
                with stocked.unit() as unit:
                    unit.settlements.lock_invoices("local", ids if forward else ids[::-1])
                    unit.commit()

        with beside(lambda: hold(forward=False)):
            hold(forward=True)
