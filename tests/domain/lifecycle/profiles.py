"""The kinds of gateway that the machine drives: what each declares, and how its bureau behaves."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

from credit_protection.domain.capabilities import Backoff, Capabilities, Registry, RemovalKey
from credit_protection.domain.money import Money
from credit_protection.domain.removal_policy import RemovalPolicy, RemovalRule


@dataclass(frozen=True, slots=True)
class Profile:
    """A gateway and its bureau.

    Args:
        name: for test ids.
        gateway: what it declares.
        asynchronous: its bureau answers "accepted" and decides later.
        accepts_unchecked: it accepts a removal before it looks for the record, and reports "not found" by callback.
        grouped: one negativation covers all chosen invoices.
        policy: of the integration.
    """

    name: str
    gateway: Capabilities
    asynchronous: bool = False
    accepts_unchecked: bool = False
    grouped: bool = False
    policy: RemovalPolicy = field(default_factory=RemovalPolicy)

    def __repr__(self) -> str:
        return self.name


_PACE = Backoff(timedelta(seconds=40), timedelta(minutes=15))
_LOOKED_UP = Capabilities(
    Registry.CREDITO_NA_MEDIDA, find=True, polling=True, grouping=True, remove_is_repeatable=True, poll_backoff=_PACE
)
_NATURAL = Capabilities(
    Registry.SPC,
    find=False,
    polling=False,
    removal_key=RemovalKey.NATURAL,
    not_found_is_an_answer=True,
    remove_is_repeatable=True,
)
_CALLBACK = Capabilities(Registry.SERASA, find=False, polling=False, callback=True, removal_key=RemovalKey.NATURAL)

LOOKED_UP = Profile("looked_up", _LOOKED_UP, asynchronous=True)
"""As Crédito na Medida: accepts, is polled, is looked up by id; nothing may be included twice."""

NATURAL = Profile("natural", _NATURAL)
"""As SPC Brasil: answers at once, can't be looked up, removes by the natural key and answers "not found"."""

CALLBACK = Profile("callback", replace(_CALLBACK, max_processing=timedelta(hours=6)), asynchronous=True)
"""As Serasa Experian: accepts everything, reports the outcome by callback alone."""

REPEATABLE = Profile("repeatable", replace(_NATURAL, include_is_repeatable=True))
"""As `NATURAL`, and an active inclusion may be sent again."""

INSISTENT_CALLBACK = Profile(
    "insistent_callback",
    replace(_CALLBACK, not_found_is_an_answer=True, remove_is_repeatable=True),
    asynchronous=True,
)
"""As `CALLBACK`, and a removal may be sent again, from doubt too.

Not an inclusion: a callback that does not name its request can't say which of two it refers to.
"""

UNCHECKED_CALLBACK = replace(
    INSISTENT_CALLBACK,
    name="unchecked_callback",
    gateway=replace(INSISTENT_CALLBACK.gateway, max_processing=timedelta(hours=2)),
    accepts_unchecked=True,
)
"""As `INSISTENT_CALLBACK`, and "accepted" says of a removal only that it was received."""

SYNCHRONOUS_LOOKED_UP = Profile(
    "synchronous_looked_up",
    replace(_NATURAL, registry=Registry.BOA_VISTA, find=True, include_is_repeatable=True, remove_is_repeatable=False),
)
"""Answers at once, can be looked up; a removal may not be sent again before a look-up."""

ANY_OF_GROUP = Profile(
    "any_of_group",
    _LOOKED_UP,
    asynchronous=True,
    grouped=True,
    policy=RemovalPolicy(RemovalRule.ANY_INVOICE_PAID, tolerance=Money(100)),
)
ALL_OF_GROUP = Profile(
    "all_of_group",
    _LOOKED_UP,
    asynchronous=True,
    grouped=True,
    policy=RemovalPolicy(RemovalRule.ALL_INVOICES_SETTLED, deletion_days=3),
)

PROFILES = (
    LOOKED_UP,
    NATURAL,
    CALLBACK,
    REPEATABLE,
    INSISTENT_CALLBACK,
    UNCHECKED_CALLBACK,
    SYNCHRONOUS_LOOKED_UP,
    ANY_OF_GROUP,
    ALL_OF_GROUP,
)
