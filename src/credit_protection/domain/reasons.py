"""Removal reasons: neutral here, and each integration's map from them to its bureau's codes.

The map is proposed from what the bureau lists (`propose`) and corrected by a person (`edited`). It never stops a
removal: `ReasonMap.candidates` has a code, or the gateway's own default, for every reason.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.findings import Finding, Severity
from credit_protection.domain.frozen_mapping import FrozenMapping


class RemovalReason(StrEnum):
    """Why a record is removed (motivo da baixa), as reported to the bureau."""

    PAYMENT = "payment"
    PARTIAL_PAYMENT = "partial_payment"
    RENEGOTIATION = "renegotiation"
    CREDITOR_REQUEST = "creditor_request"
    COURT_ORDER = "court_order"
    CORRECTION = "correction"
    DISPUTE = "dispute"
    FRAUD = "fraud"
    DEATH = "death"
    OTHER = "other"


LABELS: dict[RemovalReason, str] = {
    RemovalReason.PAYMENT: "pagamento",
    RemovalReason.PARTIAL_PAYMENT: "pagamento parcial",
    RemovalReason.RENEGOTIATION: "renegociação",
    RemovalReason.CREDITOR_REQUEST: "solicitação do credor",
    RemovalReason.COURT_ORDER: "ordem judicial",
    RemovalReason.CORRECTION: "correção de dados",
    RemovalReason.DISPUTE: "contestação",
    RemovalReason.FRAUD: "fraude",
    RemovalReason.DEATH: "óbito",
    RemovalReason.OTHER: "outros",
}
"""Portuguese, for screens."""

REQUIRED_REASONS = (RemovalReason.PAYMENT, RemovalReason.CREDITOR_REQUEST)
"""Without a code for each of these nothing is included: it could not be removed truthfully."""
_FALLBACKS = (RemovalReason.OTHER, RemovalReason.CREDITOR_REQUEST)
"""Whose code is proposed as the fallback: they claim the least."""


@dataclass(frozen=True, slots=True)
class BureauReason:
    """A removal reason as a bureau lists it."""

    code: str
    description: str


@dataclass(frozen=True, slots=True)
class ReasonCode:
    """A bureau's code; `set_by` is the person who chose it, empty where the software proposed it."""

    code: str
    set_by: str = ""


@dataclass(frozen=True, slots=True)
class ReasonMap:
    """What an integration sends for each of our removal reasons (mapa dos motivos de baixa).

    Args:
        listed: the codes of the bureau's last list that was not empty, in its order.
        codes: the bureau's code by our reason; a reason without one is sent with the fallback.
        fallback: the code for reasons without one.
    """

    listed: tuple[str, ...] = ()
    codes: Mapping[RemovalReason, ReasonCode] = field(default_factory=dict, hash=False)
    fallback: ReasonCode | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "codes", FrozenMapping(self.codes))

    @property
    def missing(self) -> tuple[RemovalReason, ...]:
        """The reasons without a code of their own, in the order of `RemovalReason`."""
        return tuple(reason for reason in RemovalReason if reason not in self.codes)

    def candidates(self, reason: RemovalReason, hints: Mapping[RemovalReason, str]) -> tuple[str, ...]:
        """The codes to send for a reason, each once: its own, the fallback, the first that the bureau lists.

        Never empty: where none is known, what the gateway declares (`hints`), else "", the gateway's own default.
        """
        chosen = (self.codes.get(reason), self.fallback)
        codes = (*(each.code for each in chosen if each is not None), *self.listed[:1])
        return tuple(dict.fromkeys(codes)) or (hints.get(reason, ""),)


def propose(stored: ReasonMap, listed: Iterable[BureauReason], hints: Mapping[RemovalReason, str]) -> ReasonMap:
    """Bring the map up to the bureau's list: by the code that the gateway declares, else by the words of the list.

    What a person set is kept while its code is listed. An empty list changes nothing.
    """
    known = tuple({each.code: each for each in listed if each.code.strip()}.values())
    if not known:
        return stored
    by_code, by_words = {_plain(each.code): each.code for each in reversed(known)}, _by_words(known)
    hinted = {reason: by_code[_plain(hint)] for reason, hint in hints.items() if _plain(hint) in by_code}
    codes = {reason: ReasonCode(code) for reason, code in (by_words | hinted).items()}
    fallback = next((codes[reason] for reason in _FALLBACKS if reason in codes), None)
    listed_codes = tuple(each.code for each in known)
    kept = {reason: each for reason, each in stored.codes.items() if each.set_by and each.code in listed_codes}
    if stored.fallback is not None and stored.fallback.set_by and stored.fallback.code in listed_codes:
        fallback = stored.fallback
    return ReasonMap(listed_codes, _in_order({**codes, **kept}), fallback)


def edited(
    stored: ReasonMap,
    listed: Sequence[BureauReason],
    hints: Mapping[RemovalReason, str],
    *,
    codes: Mapping[RemovalReason, str],
    fallback: str | None,
    actor_id: str,
) -> ReasonMap:
    """Set codes as a person; a blank one takes back what a person set, so that the proposal holds again.

    Where the bureau never listed a reason, any code is taken.

    Raises:
        InvalidInput: a code that the bureau does not list.
    """
    given = {reason: code.strip() for reason, code in codes.items()}
    for code in (*given.values(), (fallback or "").strip()):
        if code and stored.listed and code not in stored.listed:
            raise InvalidInput(
                f"O birô não lista o motivo {code!r}. Use um destes: {', '.join(stored.listed)}.",
                field="reason",
                code="motivo_desconhecido",
            )
    kept = {reason: each for reason, each in stored.codes.items() if reason not in given}
    chosen = {reason: ReasonCode(code, actor_id) for reason, code in given.items() if code}
    after = replace(stored, codes=_in_order({**kept, **chosen}))
    if fallback is not None:
        after = replace(after, fallback=ReasonCode(fallback.strip(), actor_id) if fallback.strip() else None)
    return propose(after, listed, hints)


def required_findings(reasons: ReasonMap) -> list[Finding]:
    """What the map lacks for an inclusion: nothing is included that could not be removed with its true reason."""
    lacking = [reason for reason in REQUIRED_REASONS if reason not in reasons.codes]
    if not lacking:
        return []
    how = (
        f"Informe-o: credit-protection products reasons --set {lacking[0].value}=CÓDIGO."
        if reasons.listed
        else "Sincronize a integração: credit-protection products sync."
    )
    message = (
        f"Falta o código do birô para o motivo de baixa {' e '.join(LABELS[each] for each in lacking)}, e por isso "
        f"nada é incluído. {how}"
    )
    return [Finding("baixa_sem_motivo", Severity.BLOCK, message, "reasons")]


def all_findings(reasons: ReasonMap) -> list[Finding]:
    """What a person who configures the integration must know: what stops inclusions, and what goes by the fallback."""
    findings = required_findings(reasons)
    lacking = [LABELS[reason] for reason in reasons.missing if reason not in REQUIRED_REASONS]
    if reasons.listed and lacking:
        sent = reasons.fallback.code if reasons.fallback is not None else reasons.listed[0]
        message = (
            f"Sem código próprio no birô: {', '.join(lacking)}. Será enviado {sent!r}. Para mudar: "
            "credit-protection products reasons --set MOTIVO=CÓDIGO, ou --fallback CÓDIGO."
        )
        findings.append(Finding("motivo_sem_codigo", Severity.WARN, message, "reasons"))
    return findings


NOTHING_LISTED = Finding(
    "motivos_nao_listados",
    Severity.WARN,
    "O birô não listou nenhum motivo de baixa. O mapa guardado continua valendo; confira com o suporte do birô.",
    "reasons",
)
"""An empty synchronisation."""


def _in_order(codes: Mapping[RemovalReason, ReasonCode]) -> dict[RemovalReason, ReasonCode]:
    return {reason: codes[reason] for reason in RemovalReason if reason in codes}


# ---------------------------------------------------------------------------------------------- words of descriptions

_STEMS: dict[RemovalReason, tuple[str, ...]] = {
    RemovalReason.PAYMENT: ("pagament", "quitac", "quitad", "liquid", "pagto", "pgto", "adimpl"),
    RemovalReason.RENEGOTIATION: (
        *("renegoc", "negocia", "acordo", "novac", "parcelament", "reparcel", "refinanc"),
        "repactua",
    ),
    RemovalReason.COURT_ORDER: ("judicia", "liminar", "juiz", "sentenc", "mandado", "tribuna"),
    RemovalReason.CORRECTION: (
        *("correc", "corrig", "retific", "indevid", "engan", "equivoc", "erron", "incorret", "inexat"),
        *("atualizac", "alterac"),
    ),
    RemovalReason.DISPUTE: ("contest", "disput", "reclamac", "impugn", "questiona", "litigi"),
    RemovalReason.FRAUD: ("fraud", "estelionat"),
    RemovalReason.DEATH: ("obito", "falec", "morte"),
}
_WHOLE_WORDS = {
    "pago": RemovalReason.PAYMENT,
    "paga": RemovalReason.PAYMENT,
    "erro": RemovalReason.CORRECTION,
}
_PARTIAL = ("parcia", "amortiz")
_REQUESTS = ("solicit", "pedid", "requer", "iniciativ", "desist", "opcao", "decis", "liberal")
_CREDITORS = ("credor", "associad", "empres", "client", "lojist", "concedent", "informant", "filiad", "cedent")
_DEBTORS = ("devedor", "consumidor", "titular", "terceir", "procon", "orgao")
_LEAVINGS = ("baix", "exclu", "remoc", "cancel", "motiv", "retirad")
_NEGATIONS = frozenset({"nao", "sem", "falta", "ausencia", "aguardando"})
_OTHER = ("outr", "demais", "divers")
_LITTLE_WORDS = frozenset("a o as os e de da do das dos por pelo pela para em na no com ao".split())  # noqa: SIM905 - one line
_ALTERNATIVES = re.compile(r"\bou\b|[/;:|+]|\s-\s")
_WORD = re.compile(r"[a-z0-9]+")


def meanings(text: str) -> frozenset[RemovalReason]:
    """What a reason's text says, in Portuguese, whatever its accents and case; empty where it is not clear.

    A text with alternatives ("pagamento ou acordo") has several.
    """
    plain = _plain(text)
    words = _WORD.findall(plain)
    if _NEGATIONS.intersection(words):
        return frozenset()
    found = frozenset(each for part in _ALTERNATIVES.split(plain) for each in _meaning(_WORD.findall(part)))
    if not found and _any(words, _OTHER):
        return frozenset({RemovalReason.OTHER})
    return found


def _by_words(listed: Sequence[BureauReason]) -> dict[RemovalReason, str]:
    """By reason, the code of the listed one that says it and the least besides; of equal ones the first.

    A code speaks where its description says nothing.
    """
    said = [(each.description, each.code) for each in listed]
    texts = [(text if meanings(text) else code.replace("_", " "), code) for text, code in said]
    ranked = sorted(((meanings(text), text, code) for text, code in texts), key=_breadth)
    return {reason: code for found, _, code in reversed(ranked) for reason in found}


def _breadth(said: tuple[frozenset[RemovalReason], str, str]) -> tuple[int, int]:
    found, text, _ = said
    return len(found), len(text.split())


def _meaning(words: Sequence[str]) -> frozenset[RemovalReason]:
    """What one alternative says: exactly one reason, or nothing."""
    found = {reason for reason, stems in _STEMS.items() if _any(words, stems)}
    found |= {_WHOLE_WORDS[word] for word in words if word in _WHOLE_WORDS}
    if _any(words, _PARTIAL) and (RemovalReason.PAYMENT in found or _any(words, ("amortiz",))):
        found.add(RemovalReason.PARTIAL_PAYMENT)
    if found & {RemovalReason.PARTIAL_PAYMENT, RemovalReason.RENEGOTIATION}:
        found.discard(RemovalReason.PAYMENT)
    if _is_creditor_request(words):
        found.add(RemovalReason.CREDITOR_REQUEST)
    return frozenset(found) if len(found) == 1 else frozenset()


def _is_creditor_request(words: Sequence[str]) -> bool:
    if _any(words, _DEBTORS):
        return False
    asked = _any(words, _REQUESTS)
    if _any(words, _CREDITORS):
        return asked or _any(words, _LEAVINGS)
    content = [word for word in words if word not in _LITTLE_WORDS and not _any([word], (*_REQUESTS, *_LEAVINGS))]
    return asked and not content


def _any(words: Iterable[str], stems: Sequence[str]) -> bool:
    return any(word.startswith(tuple(stems)) for word in words)


def _plain(text: str) -> str:
    """Without accents, case and outer space."""
    apart = unicodedata.normalize("NFKD", text.strip().casefold())
    return "".join(each for each in apart if not unicodedata.combining(each))
