"""LoReFT (Wu et al., arXiv 2404.03592): h + R'(W h + b - R h) on a block's output h [b, t, d], at the first and last
positions of each row. R = (R0 R0')^(-1/2) R0 has orthonormal rows; R0, W [r, d] and b [r] train."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from bottleneck import with_first


class Rotate(nn.Module):
    def __init__(self, r: int, d: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(nn.init.orthogonal_(torch.empty(r, d)))

    def forward(self) -> torch.Tensor:
        values, vectors = torch.linalg.eigh(self.weight @ self.weight.T)
        return vectors @ torch.diag(values.rsqrt()) @ vectors.T @ self.weight


def insert(model: nn.Module, config: dict[str, Any], adapter: str) -> None:
    masks: list[torch.Tensor] = []

    def remember(_: nn.Module, __: tuple, given: dict[str, Any]) -> None:
        masks[:] = [positions(given["attention_mask"], config["first"], config["last"])]

    model.register_forward_pre_hook(remember, with_kwargs=True)
    for path in config["target_modules"]:
        block = model.get_submodule(path)
        d, r = model.config.hidden_size, config["r"]
        block.reft_rotate = nn.ModuleDict({adapter: Rotate(r, d)})
        block.reft_source = nn.ModuleDict({adapter: nn.Linear(d, r)})
        rotate, source = block.reft_rotate[adapter], block.reft_source[adapter]
        block.register_forward_hook(edited(rotate, source, masks))


def edited(rotate: nn.Module, source: nn.Module, masks: list[torch.Tensor]) -> Callable:
    def change(h: torch.Tensor) -> torch.Tensor:
        rows = rotate()
        edit = (source(h) - h @ rows.T) @ rows
        return torch.where(masks[0][:, :, None], h + edit, h)

    return lambda _, __, out: with_first(out, change)


def positions(mask: torch.Tensor, first: int, last: int) -> torch.Tensor:
    """[b, t], true at the first and last positions of each row's real tokens; mask [b, t] is padded on the right."""
    place = torch.arange(mask.shape[1])
    length = mask.sum(1, keepdim=True)
    return (place < length) & ((place < first) | (place >= length - last))
