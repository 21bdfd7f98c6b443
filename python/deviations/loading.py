"""Folders: what loads, what is warned of, what is saved."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from safetensors.torch import save_file

from deviations.facts import config, fact, lora, made, raised, saved, tiny
from strict import collected
from tiny_batch import build_batch


def reloaded(change: Callable[[dict[str, torch.Tensor], dict[str, Any]], None], seed: int = 7) -> list[str]:
    """Saves a LoRA, changes what was saved, loads it on a base of this seed: what that warns of."""
    with tempfile.TemporaryDirectory() as folder:
        tensors, options = saved(made(lora()), folder)
        change(tensors, options)
        save_file(tensors, f"{folder}/adapter_model.safetensors")
        Path(folder, "adapter_config.json").write_text(json.dumps(options))
        with collected() as messages:
            PeftModel.from_pretrained(tiny(seed=seed), folder)
    return messages


@fact
def stray_key() -> list[str]:
    return reloaded(lambda tensors, _: tensors.update(stray=tensors.pop(sorted(tensors)[0])))


@fact
def tensor_more() -> list[str]:
    return reloaded(lambda tensors, _: tensors.update(**{sorted(tensors)[0].replace("lora_A.weight", "qat_step"): torch.ones(2)}))


@fact
def unknown_option() -> list[str]:
    return reloaded(lambda _, options: options.update(lora_alhpa=3))


@fact
def another_base() -> list[str]:
    return reloaded(lambda *_: None, seed=8)


@fact
def own_type_loads() -> str | None:
    with tempfile.TemporaryDirectory() as folder:
        _, options = saved(made(lora()), folder)
        Path(folder, "adapter_config.json").write_text(json.dumps({**options, "peft_type": "BOTTLENECK"}))
        return raised(lambda: PeftModel.from_pretrained(tiny(), folder))


@fact
def start_taken_out() -> list[bool]:
    """Whether loading an adapter that began with a part of the base takes that part out again."""
    found = []
    for init in ("pissa", "olora"):
        with tempfile.TemporaryDirectory() as folder:
            made(lora(init_lora_weights=init)).save_pretrained(folder)
            model = PeftModel.from_pretrained(tiny(), folder)
        layer = model.base_model.model.model.layers[0].self_attn.q_proj
        found.append(not torch.equal(layer.base_layer.weight, tiny().model.layers[0].self_attn.q_proj.weight))
    return found


@fact
def folders() -> list[str]:
    model = made(lora())
    model.add_adapter("other", lora())
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        return sorted(p.name for p in Path(folder).iterdir() if p.is_dir())


@fact
def pickle() -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        made(lora()).save_pretrained(folder, safe_serialization=False)
        names = sorted(p.name for p in Path(folder).iterdir())
        PeftModel.from_pretrained(tiny(), folder)
    return names


@fact
def bias_copies() -> list[str]:
    model = made(lora(bias="all", modules_to_save=["down_proj"]), tiny(mlp_bias=True))
    with tempfile.TemporaryDirectory() as folder:
        tensors, _ = saved(model, folder)
    return sorted(name.split("layers.0.")[1] for name in tensors if "layers.0" in name and "down_proj" in name)


@fact
def adalora_files() -> list[int]:
    """Rows of A that are saved where ranks were cut to 2 of 3."""
    options = config("ADALORA", init_r=3, target_r=2, total_step=4, tinit=0, tfinal=1, target_modules=["q_proj"])
    model = made(options)
    for step in range(5):
        model(**build_batch("CAUSAL_LM", 7, model.config, (5, 3))).loss.backward()
        model.base_model.update_and_allocate(step)
    with tempfile.TemporaryDirectory() as folder:
        tensors, _ = saved(model, folder)
    return sorted(len(t) for name, t in tensors.items() if "lora_A" in name)


@fact
def wrapper_class() -> list[str]:
    return [type(made(lora(task_type=task))).__name__ for task in (None, "CAUSAL_LM")]
