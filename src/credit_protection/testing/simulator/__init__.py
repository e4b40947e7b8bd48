"""Simulated bureaus: real HTTP servers with fictitious data and faults, for tests, demonstrations and benchmarks.

In a test::

    with BureauSimulator(processing_seconds=0.1) as simulator:
        simulator.add_fault("include", "lost_reply", times=1)
        ...  # call simulator.url as "demo-client" / "demo-secret"
        assert simulator.counts()["repeated"] == 0

`SimulatorProcess` has the same commands and runs in a process of its own, as does
`python -m credit_protection.testing.simulator`.
"""

from __future__ import annotations

from credit_protection.testing.simulator.controls import RemoteControls, SimulatorControls
from credit_protection.testing.simulator.faults import FaultKind
from credit_protection.testing.simulator.process import SimulatorProcess, serve
from credit_protection.testing.simulator.simulator import BureauSimulator

__all__ = ["BureauSimulator", "FaultKind", "RemoteControls", "SimulatorControls", "SimulatorProcess", "serve"]
