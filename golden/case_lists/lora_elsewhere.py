"""LoRA on GPT-2's Conv1D, on BERT and Llama with heads that classify, on ViT's convolution; and a sentence encoder."""

from __future__ import annotations

from .case import QV, SMALL_LLAMA, Case

CONV1D = {"r": 4, "lora_alpha": 8, "fan_in_fan_out": True}

CASES = [
    Case("gpt2-lora", 201, {**CONV1D, "target_modules": ["c_attn", "mlp.c_proj"]}, arch="gpt2", merged=True),
    Case("gpt2-lora-all-linear", 202, {**CONV1D, "target_modules": "all-linear"}, arch="gpt2"),
    Case("gpt2-dora", 203, {**CONV1D, "target_modules": ["c_attn", "c_fc"], "use_dora": True}, arch="gpt2", merged=True),
    Case("bert-lora-seq-cls", 204, {"r": 4, "lora_alpha": 8, "target_modules": ["query", "value"]}, arch="bert", task="SEQ_CLS", merged=True),
    Case("bert-lora-token-cls", 205, {"r": 4, "lora_alpha": 8, "target_modules": ["key", "dense"]}, arch="bert", task="TOKEN_CLS", merged=True),
    Case("lora-seq-cls", 206, {"r": 4, "lora_alpha": 8, "target_modules": QV}, SMALL_LLAMA, task="SEQ_CLS", merged=True),
    Case(
        "vit-lora-conv",
        207,
        {"r": 4, "lora_alpha": 8, "target_modules": ["projection", "q_proj"], "modules_to_save": ["classifier"]},
        lengths=(1, 1, 1),
        arch="vit",
        task="IMAGE_CLS",
        merged=True,
    ),
    Case("vit-lora", 208, {"r": 4, "lora_alpha": 8, "target_modules": ["v_proj", "fc1"]}, lengths=(1, 1), arch="vit", task="IMAGE_CLS"),
    Case("bert-embedding", 209, None, arch="bert", task="FEATURE_EXTRACTION", peft_type=None),
]
