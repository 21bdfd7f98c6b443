"""torch and PEFT putting an adapter in the place of another: in its tensors, or beside it and then instead of it."""

from __future__ import annotations

import time
from typing import Any

from serve import serve


def prepare(options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    import torch
    from peft.utils.hotswap import hotswap_adapter
    from torch_model import load

    folder, names = options["folder"], options["names"]
    model, about = load(folder, options["threads"], trainable=False)
    model.eval()
    current = names[0]

    def hotswap(name: str) -> None:
        hotswap_adapter(model, f"{folder}/{name}", adapter_name=model.active_adapter, torch_device="cpu")

    def load_and_delete(name: str) -> None:
        before = model.active_adapter
        after = "one" if before != "one" else "other"
        model.load_adapter(f"{folder}/{name}", adapter_name=after)
        model.set_adapter(after)
        model.delete_adapter(before)

    ways = {"hotswap_adapter": hotswap, "load_adapter, then delete_adapter": load_and_delete}

    def visit(variant: str, count: int) -> dict[str, Any]:
        nonlocal current
        times = []
        with torch.inference_mode():
            for i in range(count + 1):
                name = next(name for name in names if name != current)
                start = time.perf_counter()
                ways[variant](name)
                if i > 0:
                    times.append(1000 * (time.perf_counter() - start))
                current = name
        return {"times": times}

    return about, {"visit": visit}


serve(prepare)
