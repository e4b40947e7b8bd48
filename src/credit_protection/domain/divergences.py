"""Divergences: where the ERP, this software and the bureau disagree about a record, kept until a fresh reading agrees.

One divergence is open at a time for each subject, code and side. Only a fresh reading of the same side closes it, never
silence. A person's decision holds for the two values that the person saw: when either changes, the divergence is open
again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from credit_protection.domain.errors import Conflict, InvalidInput
from credit_protection.domain.legal_calendar import BusinessCalendar

DECISION_BUSINESS_DAYS = 5
"""By when a person must decide: as long as the law gives for a removal."""


class Side(StrEnum):
    """Which side disagrees with this software."""

    ERP = "erp"
    BUREAU = "bureau"


class DivergenceSeverity(StrEnum):
    """`NOTICE` is listed; `ALARM` also sounds; `CRITICAL` harms a customer now."""

    NOTICE = "notice"
    ALARM = "alarm"
    CRITICAL = "critical"


class DivergenceCode(StrEnum):
    """What differs."""

    POSTPONED = "fatura_prorrogada"
    SECOND_COPY = "segunda_via"
    LOWER_AMOUNT = "valor_menor"
    OTHER_DEBTOR = "devedor_difere"
    OTHER_CREDITOR = "empresa_difere"
    HELD = "retido"
    NOT_READ = "fatura_sem_leitura"
    WRITTEN_OFF = "baixa_por_perda"
    ZERO_BALANCE = "saldo_zero"
    UNCONFIRMED_SETTLEMENT = "baixa_nao_confirmada"
    FIVE_YEARS = "cinco_anos"
    BRAKE = "freio"
    AFTER_REMOVAL = "consta_apos_remocao"
    UNKNOWN_RECORD = "consta_sem_registro"
    NOT_THERE = "nao_consta"
    DIFFERS = "difere_no_biro"
    DUPLICATE = "duplicada"
    NOT_FOUND = "nao_encontrada"
    OTHERS_RECORD = "registro_de_outro"
    SUSPECT_LIST = "lista_suspeita"
    UNPROVEN_EXIT = "saida_sem_prova"


class DivergencePolicy(StrEnum):
    """What the software does about a divergence by itself."""

    ASK = "ask"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class DivergencePolicies:
    """What an integration does about three divergences where no person decides. All others ask.

    Args:
        not_read_days: days without a reading, the ERP answering others, before `not_read` removes.
    """

    postponed: DivergencePolicy = DivergencePolicy.REMOVE
    lower_amount: DivergencePolicy = DivergencePolicy.ASK
    not_read: DivergencePolicy = DivergencePolicy.ASK
    not_read_days: int = 10

    def of(self, code: DivergenceCode) -> DivergencePolicy:
        """The policy of a code."""
        policies = {
            DivergenceCode.POSTPONED: self.postponed,
            DivergenceCode.LOWER_AMOUNT: self.lower_amount,
            DivergenceCode.NOT_READ: self.not_read,
        }
        return policies.get(code, DivergencePolicy.ASK)


class Decision(StrEnum):
    """What a person decided."""

    KEEP = "keep"
    REMOVE = "remove"
    CONTINUE = "continue"
    """Of the brake and of a suspect list alone: what they held may turn, or is judged record by record."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a comparison finds now.

    Args:
        ours: our value, as text for a screen.
        theirs: the other side's value.
        message: Portuguese sentence that says what to do.
        needs_decision: whether a person must decide by a date.
    """

    subject: str
    code: DivergenceCode
    side: Side
    severity: DivergenceSeverity
    ours: str
    theirs: str
    message: str
    needs_decision: bool = False

    @property
    def key(self) -> tuple[str, DivergenceCode, Side]:
        """One is open at a time for each key."""
        return self.subject, self.code, self.side


@dataclass(frozen=True, slots=True)
class Divergence:
    """A divergence (divergência), open or closed.

    Args:
        subject: a negativation's id, or the integration's id and the bureau's record key.
        negativation_id: where it is about one.
        decide_by: the last day for a person's decision, in the creditor's time zone.
        decision: a person's, for the two values that were shown; None: still to decide.
        closed_at: when a fresh reading agreed, or its negativation was closed.
    """

    id: str
    subject: str
    integration_id: str
    creditor_id: str
    negativation_id: str | None
    code: DivergenceCode
    side: Side
    severity: DivergenceSeverity
    ours: str
    theirs: str
    message: str
    opened_at: datetime
    decide_by: date | None = None
    decision: Decision | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    remark: str = ""
    closed_at: datetime | None = None

    @property
    def key(self) -> tuple[str, DivergenceCode, Side]:
        """One is open at a time for each key."""
        return self.subject, self.code, self.side

    @property
    def awaits_person(self) -> bool:
        """Whether it is open and no person has decided about its present values."""
        return self.closed_at is None and self.decision is None


@dataclass(frozen=True, slots=True)
class DivergenceContext:
    """Whose divergences are compared, and when."""

    integration_id: str
    creditor_id: str
    negativation_id: str | None
    now: datetime
    today: date
    calendar: BusinessCalendar


def update_divergences(
    open_ones: Iterable[Divergence],
    found: Iterable[Difference],
    fresh: Collection[tuple[DivergenceCode, Side]],
    context: DivergenceContext,
    new_ids: Iterable[str],
) -> list[Divergence]:
    """Compare the open divergences of one subject with what was found: the changed and the new ones.

    What is not found is closed only where its code and side are `fresh`, that is, were read now. A change of either
    value ends a person's decision; a new term to decide then begins.
    """
    ids = iter(new_ids)
    before = {each.key: each for each in open_ones}
    now = {each.key: each for each in found}
    changed: list[Divergence] = []
    for key, difference in now.items():
        current = before.get(key)
        if current is None:
            changed.append(_opened(difference, context, next(ids)))
        elif (current.ours, current.theirs) != (difference.ours, difference.theirs):
            changed.append(_with_values(current, difference, context))
        elif (current.severity, current.message) != (difference.severity, difference.message):
            changed.append(replace(current, severity=difference.severity, message=difference.message))
    changed += [
        replace(each, closed_at=context.now)
        for key, each in before.items()
        if key not in now and (each.code, each.side) in fresh
    ]
    return changed


def _opened(difference: Difference, context: DivergenceContext, new_id: str) -> Divergence:
    return Divergence(
        id=new_id,
        subject=difference.subject,
        integration_id=context.integration_id,
        creditor_id=context.creditor_id,
        negativation_id=context.negativation_id,
        code=difference.code,
        side=difference.side,
        severity=difference.severity,
        ours=difference.ours,
        theirs=difference.theirs,
        message=difference.message,
        opened_at=context.now,
        decide_by=_decide_by(difference, context),
    )


def _with_values(current: Divergence, difference: Difference, context: DivergenceContext) -> Divergence:
    changed = replace(
        current,
        severity=difference.severity,
        ours=difference.ours,
        theirs=difference.theirs,
        message=difference.message,
    )
    if current.decision is None:
        return changed  # the term to decide goes on: a value that changes every day does not postpone it
    return replace(
        changed,
        decide_by=_decide_by(difference, context),
        decision=None,
        decided_by=None,
        decided_at=None,
        remark="",
    )


def _decide_by(difference: Difference, context: DivergenceContext) -> date | None:
    return context.calendar.after(context.today, DECISION_BUSINESS_DAYS) if difference.needs_decision else None


def decide(divergence: Divergence, decision: Decision, *, actor_id: str, remark: str, now: datetime) -> Divergence:
    """Record a person's decision about the two values that are shown.

    Raises:
        Conflict: it is closed.
        InvalidInput: the remark is empty.
    """
    if divergence.closed_at is not None:
        raise Conflict("Esta divergência já está encerrada: não há o que decidir.", code="divergencia_encerrada")
    if not remark.strip():
        raise InvalidInput("Diga por que decidiu assim.", field="remark", code="motivo_obrigatorio")
    return replace(divergence, decision=decision, decided_by=actor_id, decided_at=now, remark=remark.strip())


def sums(divergences: Iterable[Divergence]) -> Mapping[tuple[str, DivergenceCode], list[Divergence]]:
    """Group what awaits a person by integration and code, for the alarms; notices don't sound."""
    grouped: dict[tuple[str, DivergenceCode], list[Divergence]] = {}
    for each in divergences:
        if each.awaits_person and each.severity is not DivergenceSeverity.NOTICE:
            grouped.setdefault((each.integration_id, each.code), []).append(each)
    return grouped
