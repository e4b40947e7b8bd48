"""Event hooks: each plugin is called apart, so that one that fails does not silence the others."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pluggy

    from credit_protection.domain.alarms import Alarm
    from credit_protection.domain.events import Event
    from credit_protection.domain.queries import CreditQuery

log = logging.getLogger(__name__)


class PluginListeners:
    """`ports.events.Listeners` over the event hooks. What a hook raises is logged and changes nothing."""

    def __init__(self, tenant: str, manager: pluggy.PluginManager) -> None:
        self._tenant = tenant
        self._hook = manager.hook

    def negativation_event(self, events: Iterable[Event]) -> None:
        """Report each event of a negativation, in order."""
        for event in events:
            self._call("credit_protection_negativation_event", event=event)

    def query_answered(self, query: CreditQuery) -> None:
        """Report the outcome of a credit query."""
        self._call("credit_protection_query_answered", query=query)

    def alarm(self, alarm: Alarm) -> None:
        """Report what needs a person."""
        self._call("credit_protection_alarm", alarm=alarm)

    def _call(self, hook: str, **arguments: object) -> None:
        arguments["tenant"] = self._tenant
        for implementation in reversed(getattr(self._hook, hook).get_hookimpls()):
            try:
                implementation.function(*(arguments[name] for name in implementation.argnames))
            except Exception:
                log.exception("an event hook failed", extra={"hook": hook, "plugin": implementation.plugin_name})
