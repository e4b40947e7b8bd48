"""The drill: rounds in which the three sides drift apart, then rest, then the audit, then one more pass."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.divergences import DivergenceCode
from credit_protection.domain.removal_policy import RemovalRule
from tests.agreement_drill.audit import Audit, Planted
from tests.agreement_drill.changes import CHANGES, GIVES_ORIGINAL
from tests.agreement_drill.decisions import Decisions
from tests.agreement_drill.differences import DIFFERENCES, UNCONFIRMED
from tests.agreement_drill.expected import KEPT, REMOVED, ends
from tests.agreement_drill.groups import GROUPS
from tests.agreement_drill.holds import HOLDS
from tests.agreement_drill.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.agreement_drill.audit import Findings
    from tests.agreement_drill.expected import Change
    from tests.agreement_drill.world import Case

ROUNDS = 14
_ADOPTED_SHARE, _UNTOUCHED_SHARE, _DIFFERENCE_SHARE = 0.06, 0.3, 0.3
_REST_STEP, _LONG_REST_STEP = timedelta(hours=12), timedelta(hours=25)
_SHORT_STEPS_FOR = timedelta(days=3)
"""So long what happened last may still take effect; then only the brake, a day at a time, is waited for."""
_LEAST_REST, _MOST_REST = timedelta(days=12), timedelta(days=60)
_QUIET_REST = timedelta(days=3)
_REST_AFTER_DECISIONS = timedelta(days=3)
_DAY = timedelta(days=1)


@dataclass
class Report:
    """The end of a drill."""

    findings: Findings
    counts: dict[str, Any] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        """Whether the audit found nothing."""
        return self.findings.is_clean


class Drill:
    """One drill over a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chosen = random.Random(f"{world.seed}/plan")  # noqa: S311 - a seed, not a secret
        self._planted: dict[str, Planted] = {}
        self._plan: list[list[tuple[str, Change, Case]]] = [[] for _ in range(ROUNDS)]
        self._misread: list[Case] = []
        self._slow_list_paid: list[Case] = []
        self._stages: Counter[str] = Counter()

    def run(self) -> Report:
        """Run it all."""
        began = time.monotonic()
        self._set_up()
        self._took("set_up", began)
        began = time.monotonic()
        for number in range(ROUNDS):
            self._round(number)
        self._took("rounds", began)
        began = time.monotonic()
        rested = self._rest()
        self._took("rest", began)
        began = time.monotonic()
        before = self._shown()
        self._pass_again()
        findings = Audit(self._world, self._planted).run()
        after = self._shown()
        findings.not_at_rest += sorted(f"{each} appeared" for each in after - before)
        findings.not_at_rest += sorted(f"{each} disappeared" for each in before - after)
        self._took("audit", began)
        shown_at_rest = sum(each.closed_at is None for each in self._world.divergences())
        began = time.monotonic()
        decisions = self._decide(findings)
        self._took("decisions", began)
        world = self._world
        kinds = Counter(each.kind for each in self._planted.values())
        return Report(
            findings,
            {
                "negativations": len(world.cases),
                "planted": sum(kinds.values()),
                "kinds": len(kinds),
                "divergences_opened": len(world.divergences()),
                "divergences_open": shown_at_rest,
                "decided": dict(decisions.taken),
                "removed": sum(each.is_closed for each in world.negativations()),
                "suspect_lists": world.lists_seen_suspect,
                "days_of_rest": round(rested / _DAY, 1),
                "seconds": dict(self._stages),
            },
        )

    def _decide(self, findings: Findings) -> Decisions:
        """A person decides about all that is open; what then is wrong is added to the findings."""
        decisions = Decisions(self._world, self._planted)
        decisions.take()
        self._rest(_REST_AFTER_DECISIONS)
        decisions.adopt()
        decisions.change_values()
        self._rest(_REST_AFTER_DECISIONS)
        self._pass_again()
        findings.not_as_decided += decisions.forgotten()
        findings.add(Audit(self._world, self._planted).run())
        return decisions

    def _took(self, stage: str, began: float) -> None:
        self._stages[stage] = round(time.monotonic() - began)

    # ------------------------------------------------------------------------------------ before

    def _set_up(self) -> None:
        """Adopt, negativate and send all; then choose what happens to whom, and when."""
        world = self._world
        world.register()
        adopted = max(8, int(world.size * _ADOPTED_SHARE))
        world.adopt(range(world.size - adopted, world.size))
        self._plant_unconfirmed()
        for number in range(world.size - adopted):
            world.negativate(number)
        while world.transmit():
            pass
        world.clock.advance(_REST_STEP)
        world.sweep()
        world.clock.advance(_REST_STEP)
        world.reconcile()
        self._plant_old()
        free = [each for each in world.cases if each.negativation_id not in self._planted and not each.is_adopted]
        self._chosen.shuffle(free)
        if world.rule is RemovalRule.ALL_INVOICES_SETTLED:
            self._spread(GROUPS, [each for each in free if each.is_group])
            free = [each for each in free if not each.is_group]
        untouched = int(len(free) * _UNTOUCHED_SHARE)
        rest = free[untouched:]
        self._misread = free[: untouched * 4 // 5]
        at_bureau = int(len(rest) * _DIFFERENCE_SHARE)
        self._slow_list_paid, rest = rest[:3], rest[3:]
        self._spread(DIFFERENCES, rest[:at_bureau])
        self._spread({**CHANGES, **HOLDS}, rest[at_bureau:])

    def _plant_old(self) -> None:
        for case in self._world.cases:
            if case.is_old:
                expected = ends(REMOVED, passing=(DivergenceCode.FIVE_YEARS,))
                self._planted[case.negativation_id] = Planted("five_years", expected)

    def _plant_unconfirmed(self) -> None:
        from_file = [each for each in self._world.cases if self._world.get(each).is_unconfirmed]
        for number, case in enumerate(from_file):
            name, change = list(UNCONFIRMED.items())[number % len(UNCONFIRMED)]
            self._planted[case.negativation_id] = Planted(name, change(self._world, case))

    def _spread(self, kinds: Mapping[str, Change], cases: list[Case]) -> None:
        """Each kind as often as the others, in rounds by lot; only the last rounds are left without."""
        left = list(cases)
        for number in range(len(cases)):
            name = list(kinds)[number % len(kinds)]
            wanted = GIVES_ORIGINAL.get(name)
            case = next((each for each in left if wanted is None or each.gives_original is wanted), left[0])
            left.remove(case)
            self._plan[self._chosen.randrange(ROUNDS - 2)].append((name, kinds[name], case))

    # ------------------------------------------------------------------------------------ rounds

    def _round(self, number: int) -> None:
        world = self._world
        world.clock.advance(timedelta(minutes=self._chosen.randrange(61, 300)))
        due, world.later = world.later, []
        for act in due:
            act(world)
        before_sweep = _BEFORE_SWEEP.get(number)
        if before_sweep is not None:
            before_sweep(self)
        for name, change, case in self._plan[number]:
            self._planted[case.negativation_id] = Planted(name, change(world, case))
        world.sweep()
        world.transmit()
        world.sweep()  # a minute later
        after = _AFTER_TRANSMIT.get(number)
        if after is not None:
            after(self)
        elif number % 3 == 0:
            world.reconcile()

    def _rest(self, least: timedelta = _LEAST_REST) -> timedelta:
        """Rounds in which nothing happens any more, until nothing changes."""
        world = self._world
        began = quiet_since = world.clock.now()
        told = self._told()
        while True:
            is_soon = world.clock.now() - began < _SHORT_STEPS_FOR
            world.clock.advance(_REST_STEP if is_soon else _LONG_REST_STEP)
            due, world.later = world.later, []
            for act in due:
                act(world)
            world.sweep()
            sent = world.transmit()
            now = world.clock.now()
            if world.continue_suspect_list():
                world.reconcile()
            if sent or told != self._told():
                quiet_since, told = now, self._told()
            rested = now - began
            if (rested >= least and now - quiet_since >= _QUIET_REST) or rested >= _MOST_REST:
                return rested

    def _told(self) -> tuple[int, int]:
        """How many events and divergences were published so far."""
        return len(self._world.listeners.events), len(self._world.listeners.divergences)

    def _pass_again(self) -> None:
        """Read both sides once more, all of it."""
        world = self._world
        world.clock.advance(timedelta(hours=5))
        world.sweep()
        world.transmit()
        world.reconcile()

    def _shown(self) -> frozenset[str]:
        """What is stored of wishes and open divergences, as text."""
        world = self._world
        wishes = (f"{each.id} {each.desired} {each.observed}" for each in world.negativations())
        open_ones = (
            f"{each.id} {each.subject} {each.code} {each.ours} / {each.theirs}"
            for each in world.divergences()
            if each.closed_at is None
        )
        return frozenset((*wishes, *open_ones))

    # ------------------------------------------------------------------------------------ what breaks

    def host_goes_down(self) -> None:
        """The ERP answers nothing; payments are still reported in its own transactions."""
        self._world.host.is_down = True

    def host_comes_back(self) -> None:
        self._world.host.is_down = False

    def permission_is_cut(self) -> None:
        """The ERP's user sees two thirds of the invoices only."""
        self._world.host.hidden = frozenset(each for each in self._world.host.books if hash_of(each) % 3 == 0)

    def permission_is_given_back(self) -> None:
        self._world.host.hidden = frozenset()

    def bureau_goes_down(self) -> None:
        """Every call is refused for a while."""
        self._world.bureau.add_fault("any", "unavailable")
        self._world.outages.add("bureau")

    def bureau_comes_back(self) -> None:
        self._world.bureau.clear_faults()
        self._world.outages.discard("bureau")

    def everything_is_cancelled_wrongly(self) -> None:
        """A mistake in the ERP cancels many invoices at once, and is corrected two rounds later."""
        for case in self._misread:
            self._world.host.wrong_status[case.invoice_id] = InvoiceStatus.CANCELLED
            self._world.host.write(case.invoice_id, self._world.host.invoice(case.invoice_id), owed=False)
            self._planted[case.negativation_id] = Planted("misread", ends(REMOVED, KEPT, turns_by_reading=True))

    def mistake_is_corrected(self) -> None:
        self._world.host.wrong_status.clear()
        for case in self._misread:
            self._world.host.write(case.invoice_id, self._world.host.invoice(case.invoice_id), owed=True)

    def list_is_cut(self) -> None:
        """The list ends early, and its total agrees: few enough to be believed."""
        world = self._world
        count = len(world.bureau.ledger()["records"])
        world.bureau.cut_after = count - max(10, len(world.cases) // 50)
        world.reconcile()
        world.bureau.cut_after = None

    def list_fails_in_the_middle(self) -> None:
        """The list can't be read to its end."""
        world = self._world
        world.bureau.add_fault("find", "server_error", probability=0.5)
        world.outages.add("list")
        world.reconcile()
        world.bureau.clear_faults()
        world.outages.discard("list")

    def records_are_lost(self) -> None:
        """A part of the bureau's database is down: neither the list nor look-ups show its records."""
        world = self._world
        standing = sorted(each.id for each in world.bureau.standing())
        world.bureau.lost_records = frozenset(standing[::2])
        world.reconcile()
        world.bureau.lost_records = frozenset()

    def list_is_slow(self) -> None:
        """While it is read, payments come in and their records are removed: what was listed is over."""
        world = self._world

        def meanwhile() -> None:
            world.bureau.on_list = None
            for case in self._slow_list_paid:
                world.pay(case)
                self._planted[case.negativation_id] = Planted("paid_while_listed", ends(REMOVED))
            world.tenant.payments.apply()
            world.transmit()

        world.bureau.on_list = meanwhile
        world.reconcile()
        world.bureau.on_list = None

    def account_is_mistyped(self) -> None:
        """A person types the address of another account of theirs."""
        self._world.move_account()

    def account_is_renamed(self) -> None:
        """The same account gets another address."""
        self._world.rename_account()

    def refusals_come_in_windows_1252(self) -> None:
        self._world.bureau.in_windows_1252 = True

    def refusals_come_in_utf_8(self) -> None:
        self._world.bureau.in_windows_1252 = False

    def reasons_are_renamed(self) -> None:
        """The bureau no longer knows the codes of three reasons, and nobody synchronised."""
        self._reasons = self._world.bureau.catalogue()["motivos"]
        gone = {"PAGAMENTO", "RENEGOCIACAO", "CORRECAO"}
        self._world.bureau.set_catalogue(motivos=[each for each in self._reasons if each["codigo"] not in gone])

    def reasons_come_back(self) -> None:
        self._world.bureau.set_catalogue(motivos=self._reasons)


def hash_of(text: str) -> int:
    """A number that is the same in every process."""
    return sum(text.encode())


def _all(*acts: Callable[[Drill], None]) -> Callable[[Drill], None]:
    def run(drill: Drill) -> None:
        for act in acts:
            act(drill)

    return run


_BEFORE_SWEEP: dict[int, Callable[[Drill], None]] = {
    1: Drill.host_goes_down,
    2: Drill.host_comes_back,
    3: Drill.bureau_goes_down,
    4: Drill.bureau_comes_back,
    5: _all(Drill.permission_is_cut, Drill.refusals_come_in_windows_1252),
    6: Drill.reasons_are_renamed,
    7: _all(Drill.permission_is_given_back, Drill.reasons_come_back),
    8: _all(Drill.account_is_mistyped, Drill.everything_is_cancelled_wrongly, Drill.refusals_come_in_utf_8),
    10: _all(Drill.account_is_renamed, Drill.mistake_is_corrected, Drill.permission_is_cut),
    12: Drill.bureau_goes_down,
    13: _all(Drill.bureau_comes_back, Drill.permission_is_given_back),
}
_AFTER_TRANSMIT: dict[int, Callable[[Drill], None]] = {
    2: Drill.list_is_cut,
    6: Drill.list_fails_in_the_middle,
    7: Drill.list_is_slow,
    9: Drill.records_are_lost,
    11: Drill.list_is_cut,
}
