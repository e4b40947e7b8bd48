"""The queue engine of many processes and machines: Procrastinate on PostgreSQL transports the wake-ups."""

from credit_protection.domain.errors import ConfigurationError

try:
    from credit_protection.adapters.queue.procrastinate.engine import ProcrastinateQueue
except ImportError as error:
    raise ConfigurationError(
        "A fila 'procrastinate' não está instalada. Instale-a: pip install 'credit-protection[distributed]', "
        f"ou use CREDIT_PROTECTION_QUEUE=embedded. (Falta: {error.name}.)",
        code="extra_ausente",
    ) from error

__all__ = ["ProcrastinateQueue"]
