"""What PEFT does in each place that the documentation's table of deviations names.

    cd python && python -m deviations

Prints one line of JSON: for each fact what was found, or `{"error": ...}` where PEFT raised.
"""

from __future__ import annotations

import importlib
import json
import os
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"

from strict import collected
from tiny_models import exact

from deviations.facts import FACTS

for name in ("loading", "targets", "options", "passes", "combining", "prompts"):
    importlib.import_module(f"deviations.{name}")


def main() -> None:
    exact()
    found: dict[str, Any] = {}
    for name, function in FACTS.items():
        with collected():
            try:
                found[name] = function()
            except Exception as error:
                found[name] = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
