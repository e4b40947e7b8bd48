"""Answers: what the bureau said is stored under its fence; what comes too late is kept as evidence.

Answers that come at the same time share a transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from credit_protection.application.checkpoints import reached
from credit_protection.application.setups import Setups
from credit_protection.domain import observations
from credit_protection.domain.bureau_answers import (
    Accepted,
    Done,
    Found,
    Missing,
    NotExecuted,
    Rejected,
    Unknown,
)
from credit_protection.domain.errors import NotFound
from credit_protection.domain.negativations import Action
from credit_protection.domain.observations import Moment

if TYPE_CHECKING:
    from credit_protection.application.decisions import Decided, Decisions
    from credit_protection.application.setups import Setup
    from credit_protection.application.tenant import Tenant
    from credit_protection.domain.bureau_answers import Answer, LookupResult
    from credit_protection.domain.negativations import Change, Claim, Negativation


class Answers:
    """The second transaction of a transmission."""

    def __init__(self, tenant: Tenant, decisions: Decisions) -> None:
        self._tenant = tenant
        self._decisions = decisions

    def store(self, negativation_id: str, claim: Claim, answer: Answer | LookupResult) -> Change:
        """Store an answer.

        Args:
            negativation_id: whose.
            claim: that the call was made under.
            answer: what is known after it.

        Returns:
            What came of it, as stored.

        Raises:
            NotFound: there is none.
        """
        told = _Told(negativation_id, claim, answer)
        decided: Decided[object] | None = self._decisions.make(
            "answer", negativation_id, lambda facts: self._changed(facts.negativation, facts.setup, told)
        )
        return self._store_waiting(told) if decided is None or decided.change is None else decided.change

    def _store_waiting(self, told: _Told) -> Change:
        """Somebody else holds the row just now: wait for them."""
        with self._tenant.storage.unit() as unit:
            current = unit.negativations.lock(told.negativation_id)
            if current is None:
                raise NotFound("Negativação não encontrada.")
            change = self._changed(current, Setups(self._tenant, unit).of(current), told)
            unit.negativations.save(change.negativation)
            unit.negativations.append(change.events)
            reached("answer.written")
            unit.commit()
        reached("answer.committed")
        return change

    def _changed(self, current: Negativation, setup: Setup, told: _Told) -> Change:
        now = self._tenant.clock.now()
        moment = Moment(
            now=now,
            today=setup.creditor.today(now),
            gateway=setup.gateway,
            jitter=self._tenant.identifiers.jitter(),
        )
        held, answer, action = current.transmission.claim, told.answer, told.claim.action
        if held is None or held.fence != told.claim.fence:
            return observations.answered_late(current, action, answer, moment)
        if action in {Action.INCLUDE, Action.REMOVE}:
            return observations.answered(current, _as_answer(answer), moment)
        if isinstance(answer, Found | Missing):
            return observations.sighted(current, answer, moment)
        return observations.unseen(current, _as_failure(answer), moment)


@dataclass(frozen=True, slots=True)
class _Told:
    """What a call came to."""

    negativation_id: str
    claim: Claim
    answer: Answer | LookupResult


def _as_answer(answer: Answer | LookupResult) -> Answer:
    if isinstance(answer, Done | Accepted | Rejected | NotExecuted | Unknown):
        return answer
    raise TypeError(f"{type(answer).__name__} does not answer an inclusion or a removal")


def _as_failure(answer: Answer | LookupResult) -> NotExecuted | Unknown:
    if isinstance(answer, NotExecuted | Unknown):
        return answer
    code = answer.code if isinstance(answer, Rejected) else type(answer).__name__
    return Unknown(code, "O birô não respondeu à verificação como esperado.")
