"""Small random Llamas with grouped-query attention: causal, or with a classification head."""

from __future__ import annotations

from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM, LlamaForSequenceClassification

CONFIG = LlamaConfig
MODELS = {"CAUSAL_LM": LlamaForCausalLM, "SEQ_CLS": LlamaForSequenceClassification}
DEFAULTS: dict[str, Any] = {
    "vocab_size": 48,
    "hidden_size": 24,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 6,
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-5,
    "tie_word_embeddings": False,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}


def weight(name: str, noise: torch.Tensor) -> torch.Tensor:
    """Standard normal noise made into a parameter large enough that neither logits nor gradients are tiny."""
    if "norm" in name:
        return 1 + 0.2 * noise
    if name.endswith("bias"):
        return 0.3 * noise
    if "embed_tokens" in name:
        return 0.4 * noise
    return noise * (1.5 if "lm_head" in name else 1.2) / noise.shape[1] ** 0.5
