"""The examples of docs/faults.md, run as they stand there."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "faults.md"


def test_the_examples_do_what_they_say() -> None:
    names: dict[str, object] = {"__name__": "docs"}
    for example in re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL):
        exec(compile(example, str(PAGE), "exec"), names)  # noqa: S102 - our own page
    drawn = names["test_not_executed_is_never_said_of_a_removal_that_took_effect"]
    assert callable(drawn)
    drawn()
