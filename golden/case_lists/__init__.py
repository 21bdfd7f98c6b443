"""The golden cases, in the order in which they are made."""

from __future__ import annotations

from .case import Case
from .lora import CASES as LORA
from .lora_elsewhere import CASES as LORA_ELSEWHERE

__all__ = ["CASES", "Case"]

CASES: list[Case] = [*LORA, *LORA_ELSEWHERE]
