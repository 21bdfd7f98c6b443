"""Small random ViTs that classify images of 12 by 12 in patches of 4 by 4."""

from __future__ import annotations

from typing import Any

import torch
from transformers import ViTConfig, ViTForImageClassification

CONFIG = ViTConfig
MODELS = {"IMAGE_CLS": ViTForImageClassification}
DEFAULTS: dict[str, Any] = {
    "image_size": 12,
    "patch_size": 4,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "layer_norm_eps": 1e-5,
}


def weight(name: str, noise: torch.Tensor) -> torch.Tensor:
    if name.endswith("bias"):
        return 0.3 * noise
    if "layernorm" in name:
        return 1 + 0.2 * noise
    if "cls_token" in name or "position_embeddings" in name:
        return 0.4 * noise
    return noise * 1.2 / noise[0].numel() ** 0.5
