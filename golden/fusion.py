"""AdapterFusion (Pfeiffer et al., arXiv 2005.00247): attention over what a branch would give with each of several trained
bottleneck adapters, which are frozen. With h [b, t, d] what the branch gives and z_n with adapter n, sum_n s_n V z_n where
s = softmax_n(Q h . K z_n). Q, K and V [d, d] train; V starts at the identity, and lambda |V - I|^2 is added to the loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from bottleneck import build, stream_of, with_first

ATTENTION = ("fusion_query", "fusion_key", "fusion_value")
Penalty = Callable[[], torch.Tensor]


def insert(model: nn.Module, config: dict[str, Any], adapter: str) -> Penalty:
    d = model.config.hidden_size
    branches = [model.get_submodule(path) for path in config["target_modules"]]
    for path, branch in zip(config["target_modules"], branches):
        branch.fused = nn.ModuleList(nn.Module() for _ in config["adapters"])
        changes = [build(one, d, shape, adapter) for one, shape in zip(branch.fused, config["adapters"])]
        branch.fused.requires_grad_(False)
        for name in ATTENTION:
            setattr(branch, name, nn.ModuleDict({adapter: nn.Linear(d, d, bias=False)}))
        nn.init.eye_(branch.fusion_value[adapter].weight)
        stream_of(model, path).register_forward_pre_hook(lambda _, given, to=branch: setattr(to, "stream", given[0]))
        takes_stream = [shape["style"] == "parallel" for shape in config["adapters"]]
        branch.register_forward_hook(fused(changes, takes_stream, adapter))

    def penalty() -> torch.Tensor:
        values = [branch.fusion_value[adapter].weight for branch in branches]
        return config["regularization"] * sum((value - torch.eye(d)).square().sum() for value in values)

    return penalty


def fused(changes: list[Callable], takes_stream: list[bool], adapter: str) -> Callable:
    def hook(branch: nn.Module, _: tuple, out: Any) -> Any:
        query, key, value = (getattr(branch, name)[adapter] for name in ATTENTION)

        def attend(h: torch.Tensor) -> torch.Tensor:
            of = [branch.stream if stream else h for stream in takes_stream]
            z = torch.stack([h + change(x) for change, x in zip(changes, of)], -2)
            scores = (query(h)[..., None, :] * key(z)).sum(-1)
            return (scores.softmax(-1)[..., None] * value(z)).sum(-2)

        return with_first(out, attend)

    return hook
