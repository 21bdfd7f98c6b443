"""Runs check_adapter.py and make_adapter.py many times in one process, since importing torch and PEFT takes seconds.

Reads one job a line from standard input, a JSON list such as ["check_adapter", "--base", "DIR", ...]; prints for each
the one line of JSON that the script prints, in the same order.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys

import check_adapter
import make_adapter

SCRIPTS = {"check_adapter": check_adapter.main, "make_adapter": make_adapter.main}


def main() -> None:
    for line in sys.stdin:
        sys.argv = json.loads(line)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
            SCRIPTS[sys.argv[0]]()
        print(printed.getvalue().strip(), flush=True)


if __name__ == "__main__":
    main()
