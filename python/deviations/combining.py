"""Several adapters: one made of them, one in the place of another, mixed batches."""

from __future__ import annotations

import tempfile
from typing import Any

import torch
from peft import PeftModel
from peft.utils.hotswap import hotswap_adapter

from deviations.facts import fact, lora, made, raised
from trained_adapter import roughen


def pair(first: Any, second: Any, **options: Any) -> PeftModel:
    model = made(first)
    model.add_adapter("other", second)
    model.set_adapter("other")
    roughen(model, 8)
    names = ["default", "other"]
    model.add_weighted_adapter(**{"adapters": names, "weights": [0.5, 0.5], "adapter_name": "both", **options})
    return model


@fact
def combine_one() -> float:
    """How far `ties` of one adapter, three quarters pruned, is from that adapter."""
    model = pair(lora(), lora(), adapters=["default"], weights=[1.0], combination_type="ties", density=0.25)
    layer = model.base_model.model.model.layers[0].self_attn.q_proj
    return (layer.get_delta_weight("both") - layer.get_delta_weight("default")).abs().max().item()


@fact
def combine_ranks() -> list[str | None]:
    rules = ("linear", "ties", "dare_linear", "dare_ties", "magnitude_prune")
    options = {rule: {} if rule == "linear" else {"density": 0.5} for rule in rules}
    return [raised(lambda: pair(lora(), lora(r=3), combination_type=rule, **options[rule])) for rule in rules]


@fact
def combine_modules() -> list[Any]:
    """What two adapters with a head raise; how far the head of one, combined alone, is from the base's and its own."""
    whole = {"modules_to_save": ["lm_head"]}
    both = raised(lambda: pair(lora(**whole), lora(**whole), combination_type="cat"))
    model = pair(lora(**whole), lora(), adapters=["default"], weights=[1.0], combination_type="cat")
    hidden = torch.ones(1, 24)
    head = model.base_model.model.lm_head
    model.set_adapter("default")
    with torch.no_grad():
        own, base = head(hidden), head.original_module(hidden)
        model.set_adapter("both")
        found = head(hidden)
    return [both, (found - base).abs().max().item(), (found - own).abs().max().item() > 0.1]


@fact
def combine_dora() -> list[float]:
    """How far the combination's magnitudes are from W's row norms, and from those that one adapter has learned."""
    model = pair(lora(use_dora=True), lora(use_dora=True), combination_type="cat")
    layer = model.base_model.model.model.layers[0].self_attn.q_proj
    found, learned = (layer.lora_magnitude_vector[name].weight for name in ("both", "default"))
    return [(found - norm).abs().max().item() for norm in (layer.base_layer.weight.norm(dim=1), learned)]


@fact
def mixed_dora() -> str | None:
    model = made(lora(use_dora=True))
    return raised(lambda: model(input_ids=torch.tensor([[5], [6]]), adapter_names=["default", "__base__"]))


@fact
def hot_swap() -> str | None:
    model = made(lora())
    with tempfile.TemporaryDirectory() as folder:
        made(lora(target_modules=["k_proj"])).save_pretrained(folder)
        return raised(lambda: hotswap_adapter(model, folder, adapter_name="default"))
