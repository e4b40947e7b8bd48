"""The examples of docs/faults.md run."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "faults.md"


def test_examples_of_the_page_run() -> None:
    names: dict[str, object] = {"__name__": "docs"}
    for example in re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL):
        exec(compile(example, str(PAGE), "exec"), names)  # noqa: S102 - our own page
    property_test = names["test_executed_removal_is_never_reported_as_not_executed"]
    assert callable(property_test)
    property_test()
