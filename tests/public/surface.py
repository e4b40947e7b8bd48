"""The public surface as text: `python -m tests.public.surface` writes it, test_surface.py compares it."""

import enum
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import GenericAlias, ModuleType, UnionType

FIVE = (
    "credit_protection",
    "credit_protection.hosts",
    "credit_protection.gateways",
    "credit_protection.ui",
    "credit_protection.testing",
)
"""An ERP imports them at its start-up: they load no library."""
MODULES = (
    *FIVE,
    "credit_protection.testing.contracts",
    "credit_protection.testing.fakes",
    "credit_protection.testing.faults",
    "credit_protection.testing.simulator",
    "credit_protection.testing.strategies",
)
"""All public modules: those of docs/compatibility.md."""
USE_CASES = (
    "integrations.Integrations",
    "customers.Customers",
    "queries.Queries",
    "negativations.Negativations",
    "payments.Payments",
    "transmissions.Transmissions",
    "adoption.Adoption",
    "audit_trail.AuditTrail",
    "alarms.Alarms",
    "reconciliation.Reconciliation",
    "divergences.Divergences",
    "host_identity.HostIdentity",
    "sweep.Sweep",
    "users.Users",
)
"""What the facade's properties return: their methods are public, though their modules are not."""
FROZEN = Path(__file__).parent / "frozen"


def frozen_file(module: str) -> Path:
    return FROZEN / f"{module}.txt"


def surface(module_name: str) -> str:
    """Each public name with its signature, its fields or its members, sorted."""
    module = importlib.import_module(module_name)
    lines = [line for name in sorted(module.__all__) for line in _described(module, name)]
    if module_name == "credit_protection":
        for use_case in USE_CASES:
            source, _, name = use_case.rpartition(".")
            lines += _described(importlib.import_module(f"credit_protection.application.{source}"), name)
    return "".join(f"{line}\n" for line in lines)


def _described(module: ModuleType, name: str) -> Iterator[str]:
    value = getattr(module, name)
    if inspect.isclass(value):
        yield f"class {name}{_bases(value)}"
        yield from (f"    {line}" for line in sorted(_members(value)))
    elif isinstance(value, GenericAlias | UnionType):
        yield f"{name} = {value}"
    elif callable(value) and hasattr(value, "__name__"):
        yield f"def {name}{_signature(value)}"
    else:
        yield f"{name}: {type(value).__name__}"


def _bases(value: type) -> str:
    names = [base.__name__ for base in value.__bases__ if base is not object]
    return f"({', '.join(names)})" if names else ""


def _members(value: type) -> Iterator[str]:
    if issubclass(value, enum.Enum):
        yield from (f"{member.name} = {member.value!r}" for member in value)
    elif "__init__" in vars(value):
        yield f"__init__{_signature(value.__init__)}"
    for name in dir(value):
        member = inspect.getattr_static(value, name)
        is_ours = any(name in vars(base) for base in value.__mro__ if base.__module__.startswith("credit_protection"))
        if name.startswith("_") or not is_ours or isinstance(member, enum.Enum):
            continue
        if isinstance(member, property):
            yield f"{name}: property{_returned(member)}"
        elif isinstance(member, staticmethod | classmethod):
            yield f"{type(member).__name__} {name}{_signature(member.__func__)}"
        elif inspect.isfunction(member):
            yield f"{name}{_signature(member)}"


def _returned(member: property) -> str:
    return f" -> {member.fget.__annotations__.get('return')}" if member.fget else ""


def _signature(value: object) -> str:
    """The signature, without what differs between two runs: the order of sets, addresses."""
    try:
        text = str(inspect.signature(value))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return "(...)"
    text = re.sub(r"frozenset\(\{(.*?)\}\)", lambda found: f"frozenset({sorted(found[1].split(', '))})", text)
    return re.sub(r" at 0x[0-9a-f]+", "", text)


if __name__ == "__main__":
    FROZEN.mkdir(exist_ok=True)
    for each in MODULES:
        frozen_file(each).write_text(surface(each), encoding="utf-8")
