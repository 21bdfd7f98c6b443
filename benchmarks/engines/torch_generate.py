"""torch and PEFT generating greedily with the base, with the adapter on it, and with the adapter merged."""

from __future__ import annotations

import contextlib
import time
from typing import Any

from serve import serve


class Clock:
    """What `generate` calls a streamer: it hears of the prompt and then of each token."""

    def __init__(self) -> None:
        self.marks: list[float] = []

    def put(self, _: Any) -> None:
        self.marks.append(time.perf_counter())

    def end(self) -> None:
        pass


def prepare(options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    import torch
    from torch_model import load

    model, about = load(options["folder"], options["threads"], trainable=False)
    model.eval()
    prompt = torch.tensor([options["prompt"]])
    for name in ("bos_token_id", "eos_token_id", "pad_token_id"):
        setattr(model.generation_config, name, None)

    def run(count: int) -> dict[str, Any]:
        clock = Clock()
        with torch.inference_mode():
            out = model.generate(
                input_ids=prompt,
                attention_mask=torch.ones_like(prompt),
                do_sample=False,
                max_new_tokens=count,
                streamer=clock,
            )
        times = [1000 * (b - a) for a, b in zip(clock.marks, clock.marks[1:])]
        return {"ids": out[0, prompt.shape[1] :].tolist(), "times": times}

    def tokens(variant: str, count: int) -> dict[str, Any]:
        if variant == "merged":
            model.merge_adapter()
            try:
                return run(count)
            finally:
                model.unmerge_adapter()
        with model.disable_adapter() if variant == "base" else contextlib.nullcontext():
            return run(count)

    return about, {"tokens": tokens}


serve(prepare)
