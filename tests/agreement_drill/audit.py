"""The audit: what is stored here against the ERP's truth and against the bureau's. Every count must be zero."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from credit_protection.domain.divergences import DivergenceCode, DivergenceSeverity
from credit_protection.domain.events import EventKind
from credit_protection.domain.removal_policy import RemovalRule
from credit_protection.domain.state_table import Desired
from tests.agreement_drill.expected import KEPT, REMOVED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from credit_protection.domain.divergences import Divergence
    from credit_protection.domain.events import Event
    from credit_protection.domain.negativations import Negativation
    from credit_protection.testing.simulator.credito_na_medida.ledger import Record
    from tests.agreement_drill.expected import Expected
    from tests.agreement_drill.world import Case, World

KNOWN_WITHIN = timedelta(hours=36)
"""So long after a debt is owed again a removal may still be sent: until the readings say so twice, in an outage too."""
_DAY = timedelta(hours=24)
_OF_THE_WHOLE = frozenset({DivergenceCode.BRAKE, DivergenceCode.SUSPECT_LIST})
_MOST_OPENED = 2


@dataclass(frozen=True)
class Planted:
    """What happened to one case, and what must be seen at rest."""

    kind: str
    expected: Expected


@dataclass
class Findings:
    """What is wrong, by rule.

    `standing_settled`: nothing is owed, the record stands, and neither a removal nor an alarm tells. `removed_owed`: a
    removal was sent though the debt was owed and nothing else asked for it. `unnamed`: what was planted is not shown by
    exactly one open divergence, nor mended. `unexplained`: a divergence that nothing planted explains. `not_at_rest`:
    another pass opened something or changed it. `not_as_decided`: a person's decision was forgotten, or not carried
    out. `flapping`: opened more than twice, or a removal withdrawn while nothing was owed. `beyond_brake`: more turned
    in a day than the brake allows. `repeated`: included once more.
    """

    standing_settled: list[str] = field(default_factory=list)
    removed_owed: list[str] = field(default_factory=list)
    unnamed: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    not_at_rest: list[str] = field(default_factory=list)
    not_as_decided: list[str] = field(default_factory=list)
    flapping: list[str] = field(default_factory=list)
    beyond_brake: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """How many of each."""
        return {name: len(found) for name, found in vars(self).items()}

    def add(self, later: Findings) -> None:
        """Add what is wrong later, and was not before."""
        for name, found in vars(self).items():
            found += [f"after the decisions: {each}" for each in vars(later)[name] if each not in found]

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong."""
        return not any(vars(self).values())


class Audit:
    """One audit of a world at rest."""

    def __init__(self, world: World, planted: Mapping[str, Planted]) -> None:
        self._world = world
        self._planted = planted
        self._negativations = {each.id: each for each in world.negativations()}
        self._divergences = world.divergences()
        self._open: defaultdict[str, list[Divergence]] = defaultdict(list)
        for each in self._divergences:
            if each.closed_at is None:
                self._open[each.subject].append(each)
        self._standing: defaultdict[str, list[Record]] = defaultdict(list)
        for record in world.bureau.standing():
            self._standing[record.debt.contrato].append(record)
        self._events: defaultdict[str, list[Event]] = defaultdict(list)
        for event in world.listeners.events:
            self._events[event.negativation_id].append(event)
        self.findings = Findings()
        self._is_over: Callable[[Iterable[bool]], bool] = all if world.rule is RemovalRule.ALL_INVOICES_SETTLED else any

    def run(self) -> Findings:
        """Apply each rule."""
        for case in self._world.cases:
            negativation = self._negativations[case.negativation_id]
            self._settled_stands(case, negativation)
            self._owed_was_removed(case)
            self._is_named(case, negativation)
            self._withdrawn_while_settled(case)
        self._unknown_records()
        self._explained()
        self._brake()
        self._requests()
        return self.findings

    def _settled_stands(self, case: Case, negativation: Negativation) -> None:
        if self._world.host.owes(case.invoice_ids, self._world.rule) or not self._standing[case.contract]:
            return
        is_leaving = negativation.desired is Desired.REMOVED and negativation.transmission.is_open
        alarms = [each for each in self._open[case.negativation_id] if each.severity is not DivergenceSeverity.NOTICE]
        if not is_leaving and not alarms:
            self.findings.standing_settled.append(self._text(case, negativation))

    def _owed_was_removed(self, case: Case) -> None:
        for event in self._events[case.negativation_id]:
            if event.kind is not EventKind.CLAIMED or event.detail.get("action") != "remove":
                continue
            since = event.at - KNOWN_WITHIN
            ceased = self._is_over(
                self._world.host.books[each].ceased_within(since, event.at) for each in case.invoice_ids
            )
            if not ceased and not case.may_be_removed(event.at):
                self.findings.removed_owed.append(f"{self._text(case)}: claimed at {event.at:%d %H:%M}")

    def _is_named(self, case: Case, negativation: Negativation) -> None:
        planted = self._planted.get(case.negativation_id)
        expected = frozenset({KEPT}) if planted is None else planted.expected.ends
        shown = [str(each.code) for each in self._open[case.negativation_id]]
        standing = self._standing[case.contract]
        if shown:
            end = " + ".join(sorted(shown))
        elif not standing and negativation.is_closed:
            end = REMOVED
        elif len(standing) == 1 and negativation.desired is Desired.INCLUDED:
            end = KEPT
        else:
            end = f"{len(standing)} records"
        if end not in expected:
            self.findings.unnamed.append(f"{self._text(case, negativation)}: {end}, wanted {sorted(expected)}")

    def _withdrawn_while_settled(self, case: Case) -> None:
        """A removal that was taken back though the debt had ceased before and never came back."""
        for event in self._events[case.negativation_id]:
            if event.kind is EventKind.REMOVAL_WITHDRAWN:
                books = [self._world.host.books[each] for each in case.invoice_ids]
                if self._is_over(each.owed[-1][0] < event.at and not each.is_owed for each in books):
                    self.findings.flapping.append(f"{self._text(case)}: withdrawn at {event.at:%d %H:%M}")

    def _unknown_records(self) -> None:
        subjects = {f"{self._world.integration_id}:{each}" for each in self._world.unknown_records}
        for subject in subjects:
            codes = [each.code for each in self._open[subject]]
            if codes != [DivergenceCode.UNKNOWN_RECORD]:
                self.findings.unnamed.append(f"unknown record {subject}: {codes}")

    def _explained(self) -> None:
        """Each divergence that was ever opened has a cause, and was not opened again and again."""
        ids = (*self._world.unknown_records, *self._world.unknown_for_a_while)
        unknown = {f"{self._world.integration_id}:{each}" for each in ids}
        opened: Counter[tuple[str, str, str]] = Counter()
        for each in self._divergences:
            opened[each.subject, each.code, each.side] += 1
            if each.code in _OF_THE_WHOLE:
                if each.closed_at is None:
                    self.findings.unexplained.append(f"{each.code} is open at rest")
                continue
            planted = self._planted.get(each.subject)
            allowed = frozenset() if planted is None else planted.expected.ends | planted.expected.passing
            if each.code not in allowed and not (
                each.subject in unknown and each.code is DivergenceCode.UNKNOWN_RECORD
            ):
                kind = "nothing" if planted is None else planted.kind
                self.findings.unexplained.append(f"{each.subject} ({kind}): {each.code} {each.ours} / {each.theirs}")
        for (subject, code, side), count in opened.items():
            if count > _MOST_OPENED and code not in _OF_THE_WHOLE:
                self.findings.flapping.append(f"{subject}: {code} ({side}) was opened {count} times")

    def _brake(self) -> None:
        turned = sorted(
            (event.at, f"{planted.kind} {case.negativation_id}")
            for case in self._world.cases
            if (planted := self._planted.get(case.negativation_id)) is not None and planted.expected.turns_by_reading
            for event in self._events[case.negativation_id]
            if event.kind is EventKind.REMOVAL_WANTED
        )
        most = max(20, len(self._world.cases) * 2 // 100)
        for start, ((first, _), (beyond, _)) in enumerate(zip(turned, turned[most:], strict=False)):
            if beyond - first < _DAY:
                names = ", ".join(name for _, name in turned[start : start + most + 1])
                self.findings.beyond_brake.append(f"more than {most} turned between {first} and {beyond}: {names}")
                return

    def _requests(self) -> None:
        for each in self._world.bureau.ledger()["requests"]:
            if each["operation"] == "include" and (each["repeated"] or each["reinclusion"]):
                self.findings.repeated.append(f"{each['contrato']}: {each['outcome']}")
        adopted = {case.reference for case in self._world.cases if case.is_adopted}
        included: Sequence[str] = [
            each["contrato"] for each in self._world.bureau.ledger()["requests"] if each["operation"] == "include"
        ]
        self.findings.repeated += [f"{each}: an adopted one was included" for each in included if each in adopted]

    def _text(self, case: Case, negativation: Negativation | None = None) -> str:
        planted = self._planted.get(case.negativation_id)
        kind = "nothing happened" if planted is None else planted.kind
        state = ""
        if negativation is not None:
            block = negativation.transmission.block
            state = f", {negativation.desired}/{negativation.observed}" + (f", {block.code}" if block else "")
        return f"{case.negativation_id} ({kind}{state})"
