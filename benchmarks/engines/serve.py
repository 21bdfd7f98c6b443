"""The child's side of harness/engine.mjs in Python: answers requests from standard input, a line of JSON each."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable
from typing import Any


def serve(prepare: Callable[[dict[str, Any]], tuple[dict[str, Any], dict[str, Callable[..., Any]]]]) -> None:
    answers = sys.stdout
    # Libraries print to standard output too, which here belongs to the answers.
    sys.stdout = sys.stderr

    def say(**message: Any) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    try:
        about, handlers = prepare(json.loads(sys.argv[1]))
        handlers = {"memory": lambda: {"peakResidentBytes": peak_resident_bytes()}, **handlers}
        say(ready=about)
        for line in sys.stdin:
            arguments = json.loads(line)
            say(answer=handlers[arguments.pop("request")](**arguments))
    except ModuleNotFoundError as error:
        say(absent=f"{error}; it is installed by: python3 -m venv .venv && .venv/bin/pip install -r requirements.txt")
    except Exception:
        say(error=traceback.format_exc())
        sys.exit(1)


def peak_resident_bytes() -> int | None:
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))
    except OSError:
        return None
