"""What a person's decision about a divergence on the bureau's side does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from credit_protection.domain.adoption import DUPLICATE_PREFIX, HOST_MISSING
from credit_protection.domain.bureau_answers import RecordFound, RecordState
from credit_protection.domain.capabilities import RemovalKey
from credit_protection.domain.comparison.bureau_differences import first_id
from credit_protection.domain.divergences import Decision, Divergence, DivergenceCode
from credit_protection.domain.errors import InvalidInput, RuleViolation
from credit_protection.domain.events import Event, EventKind
from credit_protection.domain.negativations import Change, NegativatedInvoice, Negativation, Transmission
from credit_protection.domain.observations import AnswerContext, answered_late
from credit_protection.domain.observations.answers import OTHER_RECORD
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.removal_policy import RemovalCause, RemovalTrigger
from credit_protection.domain.removals import attest_absent, request_removal
from credit_protection.domain.state_table import Action, Observed

_ALLOWED: dict[DivergenceCode, frozenset[Decision]] = {
    DivergenceCode.UNKNOWN_RECORD: frozenset({Decision.KEEP}),
    DivergenceCode.UNPROVEN_EXIT: frozenset({Decision.KEEP}),
    DivergenceCode.SUSPECT_LIST: frozenset({Decision.KEEP, Decision.CONTINUE}),
}
_ANY = frozenset({Decision.KEEP, Decision.REMOVE})
_ADVICE = {
    DivergenceCode.UNKNOWN_RECORD: "Para remover um registro desconhecido, adote-o antes: credit-protection "
    "negativations adopt.",
    DivergenceCode.UNPROVEN_EXIT: "O registro já saiu do birô: não há o que remover. Mantenha e diga por quê.",
    DivergenceCode.SUSPECT_LIST: "Decida continuar, se os registros faltam mesmo no birô, ou manter.",
}


def require_fitting(divergence: Divergence, decision: Decision) -> None:
    """Require a decision that fits a divergence of the bureau's side.

    Raises:
        InvalidInput: it does not.
    """
    if decision not in _ALLOWED.get(divergence.code, _ANY):
        advice = _ADVICE.get(divergence.code, "Decida manter ou remover.")
        raise InvalidInput(advice, field="decision", code="decisao_nao_cabe")


@dataclass(frozen=True, slots=True)
class BureauDecision:
    """A person's decision to remove, and under what it is carried out; `deadline` is that of a person's deletion."""

    actor_id: str
    reason: RemovalReason | None
    deadline: date
    context: AnswerContext


def decide_removal_at_bureau(negativation: Negativation, divergence: Divergence, decided: BureauDecision) -> Change:
    """Carry out the decision to remove.

    A record that the bureau no longer has is closed here, as removed by it; one that stands after its removal is
    reopened; one under another id is removed under that id; any other is removed as a person's deletion.

    Raises:
        Conflict: it is closed, or a request could still take effect.
    """
    context = decided.context
    match divergence.code:
        case DivergenceCode.NOT_THERE | DivergenceCode.NOT_FOUND:
            return _left(negativation, divergence, decided)
        case DivergenceCode.OTHERS_RECORD:
            if divergence.ours == negativation.document.masked:
                return _left(negativation, divergence, decided)
            taken_over = _taken_over(negativation, first_id(divergence.theirs), context)
            return request_removal(taken_over, _trigger(divergence, decided), context.capabilities, context.now)
        case DivergenceCode.AFTER_REMOVAL if negativation.is_closed:
            found = RecordFound(RecordState.PRESENT, negativation.bureau_id)
            return answered_late(negativation, Action.LOOK_UP, found, context)
        case _:
            return request_removal(negativation, _trigger(divergence, decided), context.capabilities, context.now)


def _taken_over(negativation: Negativation, bureau_id: str | None, context: AnswerContext) -> Negativation:
    """The record under the id that the bureau shows; what waited for this decision goes on."""
    work = negativation.transmission
    if work.block is not None and work.block.code == OTHER_RECORD:
        work = replace(work, block=None, due_at=context.now)
    return replace(negativation, bureau_id=bureau_id or negativation.bureau_id, transmission=work)


def _left(negativation: Negativation, divergence: Divergence, decided: BureauDecision) -> Change:
    """Close it as removed by the bureau, as the person states."""
    context = decided.context
    stated = attest_absent(
        negativation,
        actor_id=decided.actor_id,
        remark=divergence.remark,
        today=context.today,
        capabilities=context.capabilities,
        now=context.now,
    )
    *others, mine = stated.negativation.triggers
    by_bureau = (*others, replace(mine, cause=RemovalCause.BUREAU))
    return replace(stated, negativation=replace(stated.negativation, triggers=by_bureau))


def duplicate(negativation: Negativation, divergence: Divergence, decided: BureauDecision, new_id: str) -> Change:
    """Make the negativation of a record's duplicate at the bureau, with its removal requested.

    Raises:
        RuleViolation: the bureau removes by the key, which both records have.
    """
    context = decided.context
    if context.capabilities.removal_key is RemovalKey.NATURAL:
        raise RuleViolation(
            "Este birô remove pela chave, que os dois registros têm. Remova o repetido no portal do birô.",
            code="repetido_sem_id",
        )
    covered = NegativatedInvoice(
        f"{DUPLICATE_PREFIX}{new_id}", "", negativation.due_date, negativation.amount, negativation.amount
    )
    twin = Negativation(
        id=new_id,
        request_id=negativation.request_id,
        integration_id=negativation.integration_id,
        creditor_id=negativation.creditor_id,
        registry=negativation.registry,
        host=HOST_MISSING,
        customer_id=negativation.customer_id,
        subscription_id=negativation.subscription_id,
        customer_name=negativation.customer_name,
        document=negativation.document,
        invoices=(covered,),
        nature_code=negativation.nature_code,
        reference=negativation.reference,
        requested_by=decided.actor_id,
        created_at=context.now,
        transmission=Transmission(Action.NOTHING, context.now),
        observed=Observed.PRESENT,
        observed_since=context.now,
        known_at=context.now,
        bureau_id=first_id(divergence.theirs),
        is_adopted=True,
    )
    event = Event(EventKind.ADOPTED, new_id, context.now, decided.actor_id, "repetido", {"of": negativation.id})
    removal = request_removal(twin, _trigger(divergence, decided), context.capabilities, context.now)
    return Change(removal.negativation, (event, *removal.events))


def _trigger(divergence: Divergence, decided: BureauDecision) -> RemovalTrigger:
    reason = decided.reason or RemovalReason.CORRECTION
    cause = RemovalCause.COURT if reason is RemovalReason.COURT_ORDER else RemovalCause.PERSON
    deadline = decided.context.today if cause is RemovalCause.COURT else decided.deadline
    return RemovalTrigger(cause, decided.context.now, deadline, decided.actor_id, reason, divergence.remark)
