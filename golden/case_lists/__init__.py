"""The golden cases, in the order in which they are made."""

from __future__ import annotations

from . import adapters, ia3, lora, lora_elsewhere, lora_family, prompts, rotations, tokens
from .case import Case

__all__ = ["CASES", "Case"]

PARTS = (lora, lora_elsewhere, ia3, prompts, lora_family, adapters, tokens, rotations)
CASES: list[Case] = [case for part in PARTS for case in part.CASES]
