"""Tokens whose embeddings train, alone and beside LoRA, and LoRA that certain tokens invoke (aLoRA)."""

from __future__ import annotations

from functools import partial

from .case import QV, SMALL_LLAMA, TIED, Case

PRESENT = {(0, 3): (5, 20), (1, 1): (11,), (1, 4): (5,)}
INVOKED = (7, 9, 4)

trained = partial(Case, peft_type="TRAINABLE_TOKENS", tokens=PRESENT)
beside = partial(Case, tokens=PRESENT)
# Invoked twice, of which the last counts; once; begun but not finished; never.
invoked = partial(Case, tokens={(0, 1): INVOKED, (0, 5): INVOKED, (1, 2): INVOKED, (2, 2): (7, 9, 5)}, lengths=(10, 7, 6, 3))
LORA = {"r": 4, "lora_alpha": 8}

CASES = [
    trained("trainable-tokens", 701, {"token_indices": [5, 11, 20, 31]}, SMALL_LLAMA, merged=True),
    trained("trainable-tokens-tied", 702, {"token_indices": [5, 11, 20, 31]}, {**SMALL_LLAMA, **TIED}, merged=True),
    trained("gpt2-trainable-tokens", 703, {"target_modules": ["wte"], "token_indices": [20, 5, 11]}, arch="gpt2", merged=True),
    beside(
        "lora-trainable-tokens",
        704,
        {**LORA, "target_modules": QV, "trainable_token_indices": [5, 20]},
        SMALL_LLAMA,
        merged=True,
    ),
    beside(
        "lora-trainable-tokens-tied",
        705,
        {**LORA, "target_modules": QV, "trainable_token_indices": {"embed_tokens": [5, 20]}},
        {**SMALL_LLAMA, **TIED},
        merged=True,
    ),
    invoked("alora", 706, {**LORA, "target_modules": [*QV, "up_proj"], "alora_invocation_tokens": list(INVOKED)}, SMALL_LLAMA),
    invoked(
        "gpt2-alora",
        707,
        {**LORA, "target_modules": ["c_attn"], "fan_in_fan_out": True, "alora_invocation_tokens": list(INVOKED)},
        arch="gpt2",
    ),
]
