"""Small random GPT-2s, whose linear layers are Conv1D: weights lie as [in, out]."""

from __future__ import annotations

from typing import Any

import torch
from transformers import GPT2Config, GPT2LMHeadModel

CONFIG = GPT2Config
MODELS = {"CAUSAL_LM": GPT2LMHeadModel}
DEFAULTS: dict[str, Any] = {
    "vocab_size": 32,
    "n_embd": 16,
    "n_inner": 24,
    "n_layer": 2,
    "n_head": 4,
    "n_positions": 32,
    "embd_pdrop": 0.0,
    "attn_pdrop": 0.0,
    "resid_pdrop": 0.0,
    "summary_first_dropout": 0.0,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}


def weight(name: str, noise: torch.Tensor) -> torch.Tensor:
    if name.endswith("bias"):
        return 0.3 * noise
    if ".ln_" in name:
        return 1 + 0.2 * noise
    if "wte" in name or "wpe" in name:
        return 0.4 * noise
    return noise * 1.2 / noise.shape[0] ** 0.5
