"""Small random models by architecture and task, made from a seed or loaded from a folder.
Everything is on the CPU, in float32, on one thread."""

from __future__ import annotations

import os
from typing import Any

import torch
from transformers import (
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForImageClassification,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    PreTrainedModel,
)

import tiny_bert
import tiny_gpt2
import tiny_llama
import tiny_vit

ARCHITECTURES = {"llama": tiny_llama, "gpt2": tiny_gpt2, "bert": tiny_bert, "vit": tiny_vit}
LOADERS: dict[str, Any] = {
    "CAUSAL_LM": AutoModelForCausalLM,
    "SEQ_CLS": AutoModelForSequenceClassification,
    "TOKEN_CLS": AutoModelForTokenClassification,
    "IMAGE_CLS": AutoModelForImageClassification,
    "FEATURE_EXTRACTION": AutoModel,
}
CLASSES = 3


def exact() -> None:
    """One thread and deterministic kernels, so that the same machine gives the same bytes."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)


def build_model(arch: str, task: str, seed: int, overrides: dict[str, Any] | None = None) -> PreTrainedModel:
    about = ARCHITECTURES[arch]
    if task not in about.MODELS:
        raise ValueError(f"{arch} is not made for {task}; there is {', '.join(about.MODELS)}")
    given = {**about.DEFAULTS, **(overrides or {})}
    if task.endswith("_CLS"):
        given.setdefault("num_labels", CLASSES)
    config = about.CONFIG(**given, attn_implementation="eager", dtype=torch.float32)
    model = about.MODELS[task](config).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in sorted(model.named_parameters()):
            weight.copy_(about.weight(name, torch.randn(weight.shape, generator=generator)))
    return model


def load_base(path: str, task: str = "CAUSAL_LM") -> PreTrainedModel:
    """A base's folder, or its GGUF file, as transformers loads it; a missing, left-over or misshapen tensor is an error."""
    folder, file = os.path.split(path) if path.endswith(".gguf") else (path, None)
    model, info = LOADERS[task].from_pretrained(
        folder,
        gguf_file=file,
        attn_implementation="eager",
        dtype=torch.float32,
        output_loading_info=True,
        local_files_only=True,
    )
    wrong = {kind: sorted(map(str, names)) for kind, names in info.items() if names}
    if wrong:
        raise ValueError(f"{path} does not fit its config.json: {wrong}")
    return model.eval()
