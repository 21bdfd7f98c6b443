"""Makes the golden cases with PEFT: base, adapter, expected numbers, merged model. See README.md beside this file.

    python golden/make.py                 make every case again, in place
    python golden/make.py --only dora     make one
    python golden/make.py --check         make them aside and compare with what is here
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT.parent / "python"))

import transformers  # noqa: E402

import qalora  # noqa: E402
from case_lists import CASES, Case  # noqa: E402
from compute import make  # noqa: E402
from prove import compare, size  # noqa: E402
from strict import collected  # noqa: E402
from tiny_models import exact  # noqa: E402


def make_quietly(case: Case, folder: Path) -> None:
    """Any warning but those that the case announces is an error."""
    with collected(case.warns) as messages:
        make(case, folder)
    if messages:
        raise AssertionError(f"{case.name}: {messages}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="NAME", nargs="+", choices=[case.name for case in CASES])
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    exact()
    qalora.enable()
    transformers.logging.set_verbosity(logging.WARNING)
    transformers.utils.logging.disable_progress_bar()
    chosen = [case for case in CASES if options.only is None or case.name in options.only]
    with tempfile.TemporaryDirectory() as aside:
        target = Path(aside) if options.check else ROOT / "cases"
        for case in chosen:
            make_quietly(case, target / case.name)
        print(f"{len(chosen)} cases, {sum(size(target / case.name) for case in chosen) / 1000:.0f} kB")
        if options.check:
            differ = [f"{c.name}/{line}" for c in chosen for line in compare(target / c.name, ROOT / "cases" / c.name)]
            print("\n".join(differ) or "identical to the cases kept, byte for byte")
            sys.exit(1 if differ else 0)


if __name__ == "__main__":
    main()
