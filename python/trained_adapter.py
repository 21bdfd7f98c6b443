"""An adapter as if it had trained a while: nothing is zero, and nothing equals what it was initialized to."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from peft import PeftConfig, PeftModel, get_peft_model


def attach(
    model: torch.nn.Module, config: PeftConfig, seed: int, spread: Mapping[str, float] | None = None
) -> PeftModel:
    torch.manual_seed(seed)
    adapted = get_peft_model(model, config).eval()
    roughen(adapted, seed, spread)
    return adapted


def roughen(model: torch.nn.Module, seed: int, spread: Mapping[str, float] | None = None) -> None:
    """Adds noise to all that trains: of the deviation that `spread` gives for a part of the name, else a fifth of the
    tensor's own size."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in sorted(trainable(model).items()):
            given = [scale for part, scale in (spread or {}).items() if part in name]
            scale = given[0] if given else 0.2 * weight.square().mean().sqrt().item() or 0.3
            weight.add_(scale * torch.randn(weight.shape, generator=generator))


def trainable(model: torch.nn.Module) -> dict[str, torch.nn.Parameter]:
    return {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
