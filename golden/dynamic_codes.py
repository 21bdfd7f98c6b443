"""Makes golden/optimizers/dynamic-codes.json with bitsandbytes (0.50.2, on the CPU): its dynamic maps, and what they make of numbers
in blocks of 256.

    python golden/dynamic_codes.py
"""

from __future__ import annotations

import json
from pathlib import Path

import bitsandbytes
import bitsandbytes.functional as functional
import torch


def main() -> None:
    torch.manual_seed(5)
    numbers = torch.randn(3 * 256) * 10.0 ** -(torch.arange(3 * 256) % 8)
    numbers[256:512] *= 1e-3
    cases = []
    for signed in (True, False):
        given = numbers if signed else numbers.abs()
        table = functional.create_dynamic_map(signed=signed)
        codes, state = functional.quantize_blockwise(given, code=table, blocksize=256)
        cases.append(
            {
                "signed": signed,
                "table": table.tolist(),
                "scales": state.absmax.tolist(),
                "values": functional.dequantize_blockwise(codes, state).tolist(),
            }
        )
    made = {"bitsandbytes": bitsandbytes.__version__, "numbers": numbers.tolist(), "cases": cases}
    folder = Path(__file__).parent / "optimizers"
    folder.mkdir(exist_ok=True)
    (folder / "dynamic-codes.json").write_text(json.dumps(made) + "\n")


if __name__ == "__main__":
    main()
