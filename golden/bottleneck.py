"""Bottleneck adapters: f(x) = scaling (W_up act(W_down x + b_down) + b_up), added to what a branch gives.

Houlsby et al. (arXiv 1902.00751) and Pfeiffer et al. (2005.00247): x is what the branch gives. Parallel (He et al.,
2110.04366): x is the stream as the branch's half of the block takes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from transformers.activations import ACT2FN

# The feed-forward branch's name in its block, and the module there whose first argument is the stream.
FEED_FORWARD = {
    "llama": ("mlp", "post_attention_layernorm"),
    "gpt2": ("mlp", "ln_2"),
    "bert": ("output.dense", "intermediate"),
}


def insert(model: nn.Module, config: dict[str, Any], adapter: str) -> None:
    for path in config["target_modules"]:
        branch = model.get_submodule(path)
        change = build(branch, model.config.hidden_size, config, adapter)
        if config["style"] == "parallel":
            parallel(branch, stream_of(model, path), change)
        else:
            branch.register_forward_hook(lambda _, __, out, change=change: with_first(out, lambda h: h + change(h)))


def build(holder: nn.Module, d: int, shape: dict[str, Any], adapter: str) -> Callable[[torch.Tensor], torch.Tensor]:
    """Gives the module the layers of a bottleneck; what is returned is f."""
    down, up = nn.Linear(d, shape["r"]), nn.Linear(shape["r"], d)
    holder.adapter_down, holder.adapter_up = nn.ModuleDict({adapter: down}), nn.ModuleDict({adapter: up})
    activation = ACT2FN[shape["activation"]]
    return lambda x: shape["scaling"] * up(activation(down(x)))


def parallel(branch: nn.Module, stream: nn.Module, change: Callable[[torch.Tensor], torch.Tensor]) -> None:
    seen: list[torch.Tensor] = []
    stream.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    branch.register_forward_hook(lambda _, __, out: with_first(out, lambda h: h + change(seen.pop())))


def stream_of(model: nn.Module, path: str) -> nn.Module:
    branch, stream = FEED_FORWARD[model.config.model_type]
    block = path.removesuffix(f".{branch}")
    if not block[-1].isdigit():
        raise ValueError(f"{path} is no feed-forward branch: that of {model.config.model_type} is called {branch}")
    return model.get_submodule(f"{block}.{stream}")


def with_first(out: Any, change: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """Attention modules give a tuple, whose first part is what is added to the stream."""
    return (change(out[0]), *out[1:]) if isinstance(out, tuple) else change(out)
