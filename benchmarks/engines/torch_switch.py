"""torch making a loaded model another variant of its base: its weights copied over it, or the model loaded again."""

from __future__ import annotations

import time
from typing import Any

from serve import serve


def prepare(options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    import torch
    from safetensors.torch import load_file
    from torch_model import load_base

    folder, names, prompt = options["folder"], options["names"], options["prompt"]

    def load(name: str) -> tuple[Any, dict[str, Any]]:
        return load_base(f"{folder}/{name}", options["threads"])

    def logits_of(model: Any) -> Any:
        with torch.inference_mode():
            return model(torch.tensor([prompt])).logits

    expected, states = {}, {}
    for name in names:
        model, about = load(name)
        expected[name] = logits_of(model)
        states[name] = model.state_dict()
    del model
    model, _ = load(names[0])
    current = names[0]

    def from_memory(name: str) -> None:
        model.load_state_dict(states[name])

    def from_disk(name: str) -> None:
        # The output's matrix is the embedding's, which the file has once.
        missing, unexpected = model.load_state_dict(load_file(f"{folder}/{name}/model.safetensors"), strict=False)
        assert set(missing) <= {"lm_head.weight"} and not unexpected

    def again(name: str) -> None:
        nonlocal model
        model, _ = load(name)

    ways = {
        "load_state_dict from memory": from_memory,
        "load_state_dict from disk": from_disk,
        "the model loaded again": again,
    }

    def visit(variant: str, count: int) -> dict[str, Any]:
        nonlocal current
        times = []
        for _ in range(count):
            name = next(name for name in names if name != current)
            start = time.perf_counter()
            ways[variant](name)
            times.append(1000 * (time.perf_counter() - start))
            current = name
            if not torch.equal(logits_of(model), expected[name]):
                raise AssertionError(f"{variant}: the model is not {name}")
        return {"times": times}

    return about, {"visit": visit, "logits": lambda name: expected[name].flatten().tolist()}


serve(prepare)
