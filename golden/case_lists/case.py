"""One golden case: a base, an adapter's configuration and a batch, by seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SMALL_LLAMA = {"vocab_size": 32, "hidden_size": 16, "intermediate_size": 24, "head_dim": 4}
TIED = {"tie_word_embeddings": True}
QV = ["q_proj", "v_proj"]


@dataclass(frozen=True)
class Case:
    name: str
    seed: int
    config: Mapping[str, Any] | None
    """What PEFT's configuration of this peft_type takes; None where the base alone is compared."""
    model: Mapping[str, Any] = field(default_factory=dict)
    """What differs from the architecture's defaults."""
    lengths: tuple[int, ...] = (9, 6, 1)
    merged: bool = False
    warns: tuple[str, ...] = ()
    """What PEFT is known to warn of here; any other warning fails."""
    arch: str = "llama"
    task: str = "CAUSAL_LM"
    peft_type: str | None = "LORA"
    spread: Mapping[str, float] = field(default_factory=dict)
    """The deviation of the noise on tensors whose name has this part."""
    tokens: Mapping[tuple[int, int], tuple[int, ...]] = field(default_factory=dict)
    """By row and position, what replaces the batch's random tokens there."""
    task_ids: tuple[int, ...] = ()
    forward_only: bool = False
    """The folder cannot carry what trains."""
    allocate: tuple[int, ...] = ()
    """AdaLoRA: the step numbers that update_and_allocate is given."""
