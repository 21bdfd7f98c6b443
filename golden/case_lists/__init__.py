"""The golden cases, in the order in which they are made."""

from __future__ import annotations

from . import ia3, lora, lora_elsewhere, prompts
from .case import Case

__all__ = ["CASES", "Case"]

CASES: list[Case] = [*lora.CASES, *lora_elsewhere.CASES, *ia3.CASES, *prompts.CASES]
