"""What the bureau shows compared with what is believed here: the table of docs/domain.md, "Reconciliation".

A list can show that something stands. That nothing stands only a look-up shows, or two lists where the gateway can't
look up. What changed or was in flight later than the instant of the list, less the quiet period, is not compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum, auto

from credit_protection.domain.bureau_answers import LookupResult, RecordFound, RecordState, is_another_record
from credit_protection.domain.capabilities import Capabilities
from credit_protection.domain.divergences import Difference, DivergenceCode, DivergenceSeverity, Side
from credit_protection.domain.documents import parse_document
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.money import Money
from credit_protection.domain.negativations import Change, Claim, Negativation
from credit_protection.domain.observations import AnswerContext, answered_late, looked_up
from credit_protection.domain.operation_counts import OperationCounts
from credit_protection.domain.state_table import Action, Desired, Observed

LOOKED_UP_WITHIN = timedelta(days=30)
"""Each record is looked up at least so often, where the bureau gives no list."""
UNCONFIRMED_WITHIN = timedelta(days=1)
"""The same for a record that the bureau has not confirmed."""
LISTS_APART = timedelta(hours=1)
"""Two lists that miss a record count as two where they are at least so far apart."""
_AT_LEAST = 20
_PER_CENT = 5
_ALARM, _NOTICE, _CRITICAL = DivergenceSeverity.ALARM, DivergenceSeverity.NOTICE, DivergenceSeverity.CRITICAL
_STANDS = frozenset({RecordState.PRESENT, RecordState.INCLUDING, RecordState.REMOVAL_REFUSED})
IS_THERE = _STANDS | {RecordState.REMOVING}
"""The states of a record that is on file, also of one that is leaving."""
_SHOWN_BY_RECORD = frozenset({DivergenceCode.NOT_THERE, DivergenceCode.NOT_FOUND, DivergenceCode.OTHERS_RECORD})
_VALUES = frozenset({DivergenceCode.LOWER_AMOUNT, DivergenceCode.DIFFERS})
"""Only where the bureau gave the values."""
CLOSED_BY_LIST = frozenset({DivergenceCode.AFTER_REMOVAL, DivergenceCode.UNKNOWN_RECORD, DivergenceCode.DUPLICATE})
"""Differences that are over once a list that was read to its end no longer shows the record."""


@dataclass(frozen=True, slots=True)
class BureauRecord:
    """A record as the bureau's list, or a file, shows it.

    Args:
        document: of the debtor, compact.
        amount: BRL; None where it was not given.
        nature_code: empty where it was not given.
        state: None where it could not be understood.
        shows_key: whether document, contract and due date are the bureau's own; False where it did not show them.
    """

    document: str
    reference: str
    due_date: date | None
    state: RecordState | None
    bureau_id: str | None = None
    amount: Money | None = None
    nature_code: str = ""
    notice_sent_on: date | None = None
    published_on: date | None = None
    shows_key: bool = True

    @property
    def stands(self) -> bool:
        """Whether it is on file and is not leaving."""
        return self.state in _STANDS

    @property
    def is_there(self) -> bool:
        """Whether it is on file, also where it is leaving."""
        return self.state in IS_THERE

    @property
    def subject_key(self) -> str:
        """What names it in a divergence: the bureau's id, or a digest of its natural key; never a document."""
        if self.bureau_id is not None:
            return self.bureau_id
        day = "" if self.due_date is None else self.due_date.isoformat()
        return hashlib.sha256(f"{self.document}|{day}|{self.reference}".encode()).hexdigest()[:24]

    @property
    def shown(self) -> str:
        """It, as text for a screen."""
        day = "sem data" if self.due_date is None else self.due_date.isoformat()
        name = f" id {self.bureau_id}," if self.bureau_id is not None else ""
        return f"{name} {_masked(self.document)}, contrato {self.reference or '(vazio)'}, vencimento {day}".strip()

    def found(self) -> RecordFound:
        """It, as a look-up's answer."""
        state = self.state or RecordState.PRESENT
        return RecordFound(
            state,
            self.bureau_id,
            notice_sent_on=self.notice_sent_on,
            published_on=self.published_on,
            document=self.document,
            reference=self.reference,
            due_date=self.due_date,
        )


class Match(Enum):
    """How a record of the bureau belongs to a negativation."""

    SAME = auto()
    """By the bureau's id, or by its key where either has no id."""
    OTHER_ID = auto()
    """Our key under another id than the one that we hold."""
    OTHER_RECORD = auto()
    """The id that we hold shows another record."""


def match(record: BureauRecord, known: Iterable[Negativation]) -> tuple[Negativation, Match] | None:
    """The negativation of a record, of those with its id or its key; None where it is unknown.

    The id counts first. By the key an open one counts before a closed one. A reference that this software generated
    is unique, so its due date need not agree; an adopted one's must.
    """
    candidates = list(known)
    for each in candidates:
        if record.bureau_id is not None and each.bureau_id == record.bureau_id:
            is_other = is_another_record(record.found(), each.document, each.reference, each.due_date)
            return each, Match.OTHER_RECORD if is_other else Match.SAME
    same_key = [each for each in candidates if _has_key(each, record)]
    if not same_key:
        return None
    chosen = min(same_key, key=lambda each: (each.is_adopted, each.is_closed, each.created_at, each.id))
    has_other_id = record.bureau_id is not None and chosen.bureau_id is not None
    return chosen, Match.OTHER_ID if has_other_id else Match.SAME


def _has_key(negativation: Negativation, record: BureauRecord) -> bool:
    if negativation.reference != record.reference or negativation.document.value != record.document:
        return False
    return not negativation.is_adopted or negativation.due_date == record.due_date


def is_comparable(negativation: Negativation, as_of: datetime, capabilities: Capabilities) -> bool:
    """Whether nothing of it changed or was in flight later than the instant of the list less the quiet period."""
    before = as_of - capabilities.quiet_period
    if negativation.transmission.claim is not None:
        return False
    unanswered = (negativation.unanswered_inclusions, negativation.unanswered_removals)
    changes = [negativation.created_at, negativation.observed_since, *(each.at for each in negativation.triggers)]
    in_flight = [each.quiet_until for each in unanswered if each is not None]
    return all(each < before for each in changes) and all(each <= as_of for each in in_flight)


def is_believed_present(negativation: Negativation) -> bool:
    """Whether it is wanted, and believed to be on file."""
    return negativation.observed is Observed.PRESENT and negativation.desired is Desired.INCLUDED


@dataclass(frozen=True, slots=True)
class Shown:
    """What a record that is there means for its negativation.

    Args:
        differences: what differs now.
        fresh: what this record can close.
        answer: to be stored as a look-up's answer: it ends a doubt, or confirms the record.
        reopens: it was closed here, and surely it is ours: it is reopened for removal.
    """

    differences: tuple[Difference, ...] = ()
    fresh: frozenset[tuple[DivergenceCode, Side]] = frozenset()
    answer: RecordFound | None = None
    reopens: bool = False

    @property
    def acts(self) -> bool:
        """Whether the negativation itself changes."""
        return self.answer is not None or self.reopens


def shown(negativation: Negativation, record: BureauRecord, how: Match) -> Shown:
    """Compare a record that is there with a negativation that may be compared; a removal in the queue is not.

    Another id under the key of an open one is not judged here: only the end of the list tells whether it stands twice.
    """
    if how is Match.OTHER_RECORD:
        return Shown((_others_record(negativation, record),)) if record.stands else Shown()
    if negativation.is_closed:
        return _closed_and_there(negativation, record)
    if how is Match.OTHER_ID:
        return Shown()
    if negativation.observed is not Observed.PRESENT:
        return Shown(answer=record.found() if record.stands else None)
    if negativation.desired is Desired.REMOVED:
        return Shown()
    codes = _SHOWN_BY_RECORD if record.amount is None else _SHOWN_BY_RECORD | _VALUES
    if not record.shows_key:
        codes -= {DivergenceCode.OTHERS_RECORD}
    fresh = frozenset((code, Side.BUREAU) for code in codes)
    confirms = negativation.known_at is None and record.stands
    answer = replace(record.found(), state=RecordState.PRESENT) if confirms else None
    return Shown(() if record.amount is None else tuple(_values(negativation, record)), fresh, answer)


def _closed_and_there(negativation: Negativation, record: BureauRecord) -> Shown:
    if not record.stands:
        return Shown()
    is_ours = is_surely_ours(negativation)
    if is_ours:
        text = "O registro consta no birô depois de encerrado aqui, e é nosso: a remoção volta para a fila, para hoje."
    else:
        text = (
            "O registro consta no birô depois de encerrado aqui. Ele foi adotado, e pode ser outro com a mesma chave: "
            "confira no portal. Se for o mesmo, decida remover; se não for, mantenha."
        )
    severity = _CRITICAL if is_ours else _ALARM
    difference = _about(negativation, DivergenceCode.AFTER_REMOVAL, severity, "encerrada", record.shown, text)
    return Shown((difference,), reopens=is_ours)


def is_surely_ours(negativation: Negativation) -> bool:
    """Whether a record with the id that it holds, or with its reference, can only be its own: it was not adopted."""
    return not negativation.is_adopted


def _values(negativation: Negativation, record: BureauRecord) -> Iterable[Difference]:
    if record.amount is not None and record.amount > negativation.amount:
        text = "O birô mostra um valor maior do que o informado daqui. Confira com o birô, ou remova o registro."
        code = DivergenceCode.LOWER_AMOUNT
        yield _about(negativation, code, _NOTICE, str(negativation.amount), str(record.amount), text)
    pairs = (
        ("valor", str(negativation.amount), _lower(record.amount, negativation.amount)),
        (
            "vencimento",
            negativation.due_date.isoformat(),
            None if record.due_date is None else record.due_date.isoformat(),
        ),
        ("natureza", negativation.nature_code, record.nature_code if negativation.nature_code else ""),
    )
    differing = [(name, ours, theirs) for name, ours, theirs in pairs if theirs and theirs != ours]
    if differing:
        ours = "; ".join(f"{name} {value}" for name, value, _ in differing)
        theirs = "; ".join(f"{name} {value}" for name, _, value in differing)
        text = "O birô mostra outros dados do registro. Confira com o birô qual dos lados está certo."
        yield _about(negativation, DivergenceCode.DIFFERS, _NOTICE, ours, theirs, text)


def _lower(theirs: Money | None, ours: Money) -> str | None:
    return str(theirs) if theirs is not None and theirs < ours else None


def _others_record(negativation: Negativation, record: BureauRecord) -> Difference:
    text = (
        "O id que este registro tinha mostra outro registro no birô. Confira no portal. Se o nosso não consta mais, "
        "decida remover: ele é encerrado aqui, sem envio."
    )
    return _about(negativation, DivergenceCode.OTHERS_RECORD, _ALARM, negativation.document.masked, record.shown, text)


def other_id(negativation: Negativation, record: BureauRecord, *, own_stands: bool) -> Difference | None:
    """After the whole list: our key stands under another id, besides the one that we hold or instead of it.

    None where it is to be removed, or is not believed present.
    """
    if not record.stands or not is_believed_present(negativation) or negativation.bureau_id == record.bureau_id:
        return None
    ours, theirs = negativation.bureau_id or "", record.bureau_id or ""
    if own_stands:
        text = (
            "O registro consta duas vezes no birô, com ids diferentes. Decida remover: só o repetido é removido. Ou "
            "mantenha e diga por quê."
        )
        return _about(negativation, DivergenceCode.DUPLICATE, _ALARM, ours, theirs, text)
    text = (
        "O birô mostra o nosso registro com outro id. Confira no portal. Decida remover, e sai o registro do novo id; "
        "mantenha se ele deve continuar."
    )
    return _about(negativation, DivergenceCode.OTHERS_RECORD, _ALARM, ours, theirs, text)


def missing(negativation: Negativation, near: Sequence[str] = ()) -> Difference | None:
    """The difference of a record that a look-up (or two lists) did not find; None where it is not believed present.

    `near` are contracts that the bureau shows for the same document and due date, equal but for leading zeros.
    """
    if not is_believed_present(negativation):
        return None
    if negativation.known_at is not None:
        text = (
            "O birô não tem mais o registro. Confira no portal. Decida remover: ele é encerrado como removido pelo "
            "birô, e uma nova negativação pode ser pedida. Ou mantenha, para continuar a observar."
        )
        return _about(negativation, DivergenceCode.NOT_THERE, _ALARM, "consta", "não consta", text)
    text = (
        "O birô não encontra este registro adotado. Confira no portal o contrato e o vencimento. Se ele não existe, "
        "decida remover: ele é encerrado aqui. Se existe com outra chave, adote-o pela lista do birô."
    )
    theirs = "não encontrado" + (f"; parecidos: {', '.join(sorted(set(near)))}" if near else "")
    return _about(negativation, DivergenceCode.NOT_FOUND, _ALARM, negativation.reference, theirs, text)


def is_near(negativation: Negativation, record: BureauRecord) -> bool:
    """Whether an unconfirmed record may be this one: only leading zeros of the contract differ."""
    return (
        negativation.known_at is None
        and negativation.document.value == record.document
        and negativation.due_date == record.due_date
        and negativation.reference.lstrip("0") == record.reference.lstrip("0")
    )


def unknown_subject(integration_id: str, record: BureauRecord) -> str:
    """The subject of a record that stands at the bureau and is unknown here."""
    return f"{integration_id}:{record.subject_key}"


def unknown_difference(integration_id: str, record: BureauRecord) -> Difference:
    """A record that stands at the bureau and is unknown here."""
    text = (
        "Consta no birô um registro que este programa não conhece: nenhum pagamento o remove. Adote-o: "
        "credit-protection negativations adopt. Se ele não é nosso, mantenha e diga por quê."
    )
    subject = unknown_subject(integration_id, record)
    code = DivergenceCode.UNKNOWN_RECORD
    return Difference(subject, code, Side.BUREAU, _ALARM, "desconhecido", record.shown, text, needs_decision=True)


def is_foreign(record: BureauRecord, prefixes: Iterable[str]) -> bool:
    """Whether a person said that contracts that begin so are not ours."""
    return any(record.reference.startswith(prefix) for prefix in prefixes if prefix)


def unknown_count(integration_id: str, count: int) -> Difference:
    """The records that are unknown here, of an account that others use too."""
    text = "A conta é compartilhada: os registros que este programa não conhece são só contados."
    code = DivergenceCode.UNKNOWN_RECORD
    return Difference(integration_id, code, Side.BUREAU, _NOTICE, "0", f"{count} registro(s)", text)


def counts_difference(integration_id: str, document: str, ours: int, counts: OperationCounts) -> Difference | None:
    """Compare how many records of a debtor a portal's extract shows with how many are believed present.

    Such a file has no contract, so it only ever shows a notice. None where they agree, or the bureau still processes.
    """
    theirs = max(0, counts.included - counts.removed)
    if theirs == ours or counts.processing:
        return None
    text = (
        "O extrato do portal conta outro número de registros deste documento. Ele não traz contrato: confira no portal "
        "ou pela lista do birô. Nada é removido nem adotado por ele."
    )
    shown = _masked(document)
    return Difference(
        counts_subject(integration_id, document),
        DivergenceCode.DIFFERS,
        Side.BUREAU,
        _NOTICE,
        f"{shown}: {ours} registro(s)",
        f"{shown}: {theirs} registro(s)",
        text,
    )


def counts_subject(integration_id: str, document: str) -> str:
    """The subject of the counts of a debtor; never the document itself."""
    return f"{integration_id}:{hashlib.sha256(document.encode()).hexdigest()[:24]}"


def is_suspect(absent: int, standing: int) -> bool:
    """Whether more records are missing from a list than can be believed: more than 5 %, and more than 20."""
    return absent > max(_AT_LEAST, standing * _PER_CENT // 100)


def suspect_list(integration_id: str, absent: int, standing: int) -> Difference:
    """Too many records are missing from the list: none of them is judged."""
    text = (
        f"Faltam na lista do birô {absent} de {standing} registros: a lista pode estar cortada, ou a conta é outra. "
        "Nenhum foi julgado. Confira no portal; se eles faltam mesmo, mande continuar e reconcilie de novo."
    )
    code, many = DivergenceCode.SUSPECT_LIST, "registros constam"
    return Difference(
        integration_id, code, Side.BUREAU, _ALARM, many, "faltam registros demais", text, needs_decision=True
    )


def looked_up_at(negativation: Negativation, result: LookupResult, as_of: datetime, context: AnswerContext) -> Change:
    """Store what the bureau showed as of an instant, as the answer to a look-up that was asked then.

    Raises:
        ValueError: a call is running.
    """
    work = negativation.transmission
    if work.claim is not None:
        raise ValueError("a call is running: its answer comes first")
    claim = Claim(Action.LOOK_UP, "reconciliation", as_of, context.now, work.fence + 1)
    asked = replace(negativation, transmission=replace(work, claim=claim, fence=claim.fence))
    return looked_up(asked, result, context)


def reopened(negativation: Negativation, record: BureauRecord, context: AnswerContext) -> Change:
    """Reopen a closed record that the bureau shows, for removal under the id that it shows (6.6.10)."""
    held = replace(negativation, bureau_id=record.bureau_id or negativation.bureau_id)
    return answered_late(held, Action.LOOK_UP, record.found(), context)


def _about(
    negativation: Negativation,
    code: DivergenceCode,
    severity: DivergenceSeverity,
    ours: str,
    theirs: str,
    message: str,
) -> Difference:
    needs_decision = severity is _ALARM
    return Difference(negativation.id, code, Side.BUREAU, severity, ours, theirs, message, needs_decision)


def _masked(text: str) -> str:
    try:
        return parse_document(text).masked
    except InvalidInput:
        return "documento inválido"
