"""The rules hold in whatever order things happen."""

from tests.domain.lifecycle.machine import Lifecycle

TestLifecycle = Lifecycle.TestCase
