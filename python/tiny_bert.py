"""Small random BERTs: bare, classifying sequences, classifying tokens."""

from __future__ import annotations

from typing import Any

import torch
from transformers import BertConfig, BertForSequenceClassification, BertForTokenClassification, BertModel

CONFIG = BertConfig
MODELS = {
    "FEATURE_EXTRACTION": BertModel,
    "SEQ_CLS": BertForSequenceClassification,
    "TOKEN_CLS": BertForTokenClassification,
}
DEFAULTS: dict[str, Any] = {
    "vocab_size": 32,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 32,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
    "classifier_dropout": 0.0,
    "layer_norm_eps": 1e-5,
    "pad_token_id": 0,
}


def weight(name: str, noise: torch.Tensor) -> torch.Tensor:
    if name.endswith("bias"):
        return 0.3 * noise
    if "LayerNorm" in name:
        return 1 + 0.2 * noise
    if "embeddings" in name:
        return 0.4 * noise
    return noise * 1.2 / noise.shape[1] ** 0.5
