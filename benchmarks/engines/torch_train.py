"""torch and PEFT training a LoRA adapter: forward, loss, backward, clip, step, zero_grad."""

from __future__ import annotations

import json
import time
from typing import Any

from serve import serve


def prepare(options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    import torch
    from torch_model import load

    folder = options["folder"]
    model, about = load(folder, options["threads"], trainable=True)
    model.train()
    if options.get("recompute"):
        model.gradient_checkpointing_enable({"use_reentrant": False})
        model.enable_input_require_grads()
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=options["learningRate"], weight_decay=0.01)
    with open(f"{folder}/batches.json") as file:
        content = json.load(file)
    batches = [torch.tensor(ids).reshape(content["shape"]) for ids in content["ids"]]
    taken = 0

    def step() -> tuple[float, float]:
        nonlocal taken
        ids = batches[taken % len(batches)]
        taken += 1
        loss = model(input_ids=ids, attention_mask=torch.ones_like(ids), labels=ids, use_cache=False).loss
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        return loss.item(), norm.item()

    def steps(count: int) -> dict[str, list[float]]:
        visit: dict[str, list[float]] = {"times": [], "losses": [], "norms": []}
        for _ in range(count):
            started = time.perf_counter()
            loss, norm = step()
            visit["times"].append(1000 * (time.perf_counter() - started))
            visit["losses"].append(loss)
            visit["norms"].append(norm)
        return visit

    return about, {"steps": steps}


serve(prepare)
