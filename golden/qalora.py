"""PEFT's QA-LoRA on layers of float32. PEFT has it for GPTQ's layers alone, and on others lets `use_qalora` say nothing; what it
computes there takes any layer's output."""

from __future__ import annotations

from typing import Any

from peft.tuners.lora.layer import Linear
from peft.tuners.lora.variants import QALoraLinearVariant

others = Linear.resolve_lora_variant


def resolve(self: Linear, *, config: Any, **more: Any) -> Any:
    return QALoraLinearVariant() if config.use_qalora else others(self, config=config, **more)


def enable() -> None:
    Linear.resolve_lora_variant = resolve
