"""The facts by name, and what they are found with: small models, adapters on them, what a call raises."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel, get_peft_config
from safetensors.torch import load_file

from tiny_batch import build_batch
from tiny_models import build_model
from trained_adapter import attach

FACTS: dict[str, Callable[[], Any]] = {}
TARGETS = ["q_proj", "v_proj"]


def fact(function: Callable[[], Any]) -> Callable[[], Any]:
    FACTS[function.__name__] = function
    return function


def config(peft_type: str = "LORA", **options: Any) -> Any:
    return get_peft_config({"peft_type": peft_type, **options})


def tiny(arch: str = "llama", task: str = "CAUSAL_LM", seed: int = 7, **overrides: Any) -> Any:
    return build_model(arch, task, seed, overrides)


def made(options: Any, model: Any = None) -> PeftModel:
    return attach(model if model is not None else tiny(), options, 7)


def lora(**options: Any) -> Any:
    return config(**{"r": 2, "target_modules": TARGETS, **options})


def logits(model: Any, task: str = "CAUSAL_LM") -> torch.Tensor:
    batch = build_batch(task, 7, model.config, (5, 3))
    with torch.no_grad():
        return model(**{name: t for name, t in batch.items() if name != "labels"}).logits


def saved(model: PeftModel, folder: str) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    model.save_pretrained(folder)
    root = Path(folder)
    return load_file(root / "adapter_model.safetensors"), json.loads((root / "adapter_config.json").read_text())


def raised(call: Callable[[], Any]) -> str | None:
    try:
        call()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None
