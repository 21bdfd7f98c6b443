"""Methods that PEFT lacks, attached to a torch model and saved in folders laid out as PEFT's are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

import bottleneck
import fusion
import loreft

INSERT = {"ADAPTER_FUSION": fusion.insert, "BOTTLENECK": bottleneck.insert, "LOREFT": loreft.insert}
"""By type, what puts a method's modules into a model and returns what it adds to the loss, if anything."""
ADAPTER = "default"
PREFIX = "base_model.model."


class Adapted(torch.nn.Module):
    """A model with frozen weights and, hooked into some of its modules, those that train; names are as PEFT's are."""

    def __init__(self, model: torch.nn.Module, config: dict[str, Any]) -> None:
        super().__init__()
        self.config = config
        self.base_model = torch.nn.Module()
        self.base_model.model = model.requires_grad_(False)
        self.penalty = INSERT[config["peft_type"]](model, config, ADAPTER)

    def forward(self, **batch: torch.Tensor) -> Any:
        out = self.base_model.model(**batch)
        if self.penalty and out.loss is not None:
            out.loss = out.loss + self.penalty()
        return out


def attach(model: torch.nn.Module, config: dict[str, Any], task: str, seed: int) -> Adapted:
    torch.manual_seed(seed)
    return Adapted(model, {"task_type": task, "base_model_name_or_path": None, "inference_mode": True, **config}).eval()


def save(adapted: Adapted, folder: Path) -> None:
    folder.mkdir()
    (folder / "adapter_config.json").write_text(json.dumps(adapted.config, indent=2, sort_keys=True))
    tensors = {
        name.replace(f".{ADAPTER}.", "."): weight.detach().contiguous()
        for name, weight in adapted.named_parameters()
        if f".{ADAPTER}." in name
    }
    save_file(tensors, folder / "adapter_model.safetensors")


def load(model: torch.nn.Module, folder: Path) -> Adapted:
    adapted = Adapted(model, json.loads((folder / "adapter_config.json").read_text())).eval()
    tensors = load_file(folder / "adapter_model.safetensors")
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if f".{ADAPTER}." in name:
                weight.copy_(tensors.pop(name.replace(f".{ADAPTER}.", ".")))
    if tensors:
        raise ValueError(f"{folder} holds what nothing takes: {sorted(tensors)}")
    return adapted

