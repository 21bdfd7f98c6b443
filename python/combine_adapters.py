"""Combines LoRA adapters on a small random Llama with PEFT's add_weighted_adapter, and writes the changes of weight.

    python python/combine_adapters.py < JOB

JOB is JSON: {"adapters": {NAME: FOLDER}, "combinations": {NAME: {"adapters", "weights", "combination_type", ...}}, "model": {},
"masks": FILE, "out": FILE}. A combination is what add_weighted_adapter takes; with "masks", a list of names of tensors in
FILE, these are what PEFT draws, in that order. `out` is a safetensors file that has for each adapter and combination the
change at each module, `NAME/PATH` [o, i] (of an embedding [vocab, dim]), and B's bias as `NAME/PATH.bias`.
Prints one line of JSON: {"warnings": what loading the adapters has warned of, "versions"}.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Iterator
from typing import Any
from unittest import mock

os.environ["HF_HUB_OFFLINE"] = "1"

import peft
import torch
import transformers
from peft import PeftModel
from peft.tuners.lora.layer import LoraLayer
from safetensors.torch import load_file, save_file

from strict import collected
from tiny_models import build_model, exact

SEED = 3


def load(folders: dict[str, str], overrides: dict[str, Any]) -> PeftModel:
    base = build_model("llama", "CAUSAL_LM", SEED, overrides)
    model: PeftModel | None = None
    for name, folder in folders.items():
        if model is None:
            model = PeftModel.from_pretrained(base, folder, adapter_name=name, local_files_only=True)
        else:
            model.load_adapter(folder, name, local_files_only=True)
    if model is None:
        raise ValueError("the job has no adapters")
    return model.eval()


def changes(model: PeftModel, name: str) -> Iterator[tuple[str, torch.Tensor]]:
    for path, module in model.base_model.model.named_modules():
        if not isinstance(module, LoraLayer) or name not in module.scaling:
            continue
        yield f"{name}/{path}", module.get_delta_weight(name).contiguous()
        bias = getattr(module.lora_B[name], "bias", None) if name in module.lora_B else None
        if bias is not None:
            yield f"{name}/{path}.bias", (module.scaling[name] * bias).contiguous()


def combine(model: PeftModel, name: str, options: dict[str, Any], masks: dict[str, torch.Tensor]) -> None:
    drawn = iter(options.pop("masks", []))
    draw = (lambda _: masks[next(drawn)]) if masks else torch.bernoulli
    with mock.patch.object(torch, "bernoulli", draw), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a density of 1
        model.add_weighted_adapter(adapter_name=name, **options)


def main() -> None:
    job = json.load(sys.stdin)
    exact()
    transformers.utils.logging.disable_progress_bar()
    masks = load_file(job["masks"]) if "masks" in job else {}
    with collected() as messages, torch.no_grad():
        model = load(job["adapters"], job.get("model", {}))
    with torch.no_grad():
        for name, options in job["combinations"].items():
            combine(model, name, options, masks)
        names = [*job["adapters"], *job["combinations"]]
        save_file(dict(change for name in names for change in changes(model, name)), job["out"])
    versions = {"peft": peft.__version__, "torch": torch.__version__, "transformers": transformers.__version__}
    print(json.dumps({"warnings": messages, "versions": versions}))


if __name__ == "__main__":
    main()
