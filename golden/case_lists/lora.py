"""LoRA, its variants and what PEFT puts beside it, on causal Llamas."""

from __future__ import annotations

from .case import QV, SMALL_LLAMA, TIED, Case

BIASED = {"attention_bias": True, "mlp_bias": True}
WIDE = {"vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "head_dim": 8}
ROPE = {
    "head_dim": 10,
    "max_position_embeddings": 512,
    "rope_parameters": {
        "rope_type": "llama3",
        "rope_theta": 5000.0,
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64,
    },
}
TIED_WARNING = "tie_word_embeddings=True"
FLAT_BIAS = "have invalid shape"  # PEFT takes every one-dimensional lora_B tensor for a broken shard, its own bias too
SAVED_EMBEDDING = "Setting `save_embedding_layers` to `True`"

CASES = [
    Case("lora", 101, {"r": 4, "lora_alpha": 8, "target_modules": QV}, merged=True),
    Case("lora-wide-tied", 102, {"r": 8, "lora_alpha": 16, "target_modules": QV}, {**WIDE, **TIED}),
    Case("rslora-all-linear", 103, {"r": 4, "lora_alpha": 4, "use_rslora": True, "target_modules": "all-linear"}, TIED, merged=True),
    Case("dora", 104, {"r": 4, "lora_alpha": 8, "use_dora": True, "target_modules": [*QV, "down_proj"]}, merged=True),
    Case(
        "dora-rslora-bias-base",
        105,
        {"r": 2, "lora_alpha": 3, "use_dora": True, "use_rslora": True, "target_modules": "all-linear"},
        BIASED,
    ),
    Case(
        "patterns",
        106,
        {
            "r": 4,
            "lora_alpha": 8,
            "target_modules": ["q_proj", "v_proj", "gate_proj", "down_proj"],
            "rank_pattern": {"layers.1.self_attn.q_proj": 2, "down_proj": 6, r"layers\.0\..*v_proj": 3},
            "alpha_pattern": {"v_proj": 20, r"layers\.[01]\.mlp\.gate_proj": 2},
        },
    ),
    Case(
        "exclude-and-layers",
        107,
        {
            "r": 4,
            "lora_alpha": 8,
            "target_modules": [*QV, "up_proj", "down_proj"],
            "exclude_modules": ["v_proj", "layers.2.mlp.up_proj"],
            "layers_to_transform": [0, 2],
            "layers_pattern": "layers",
        },
        {**TIED, "num_hidden_layers": 3},
    ),
    Case(
        "regex",
        108,
        {
            "r": 4,
            "lora_alpha": 8,
            "target_modules": r".*\.(self_attn\.(q|k|o)_proj|mlp\.up_proj)",
            "exclude_modules": r".*layers\.0\.self_attn\.k_proj",
        },
    ),
    Case("embedding", 109, {"r": 4, "lora_alpha": 8, "target_modules": ["embed_tokens", "q_proj"]}, merged=True, warns=(SAVED_EMBEDDING,)),
    Case(
        "embedding-tied",
        110,
        {"r": 4, "lora_alpha": 8, "target_modules": ["embed_tokens", "v_proj"]},
        TIED,
        warns=(SAVED_EMBEDDING, TIED_WARNING),
    ),
    Case("dora-embedding", 111, {"r": 4, "lora_alpha": 8, "use_dora": True, "target_modules": ["embed_tokens"]}, warns=(SAVED_EMBEDDING,)),
    Case("modules-to-save-head", 112, {"r": 4, "lora_alpha": 8, "target_modules": QV, "modules_to_save": ["lm_head"]}, merged=True),
    Case("modules-to-save-embedding", 113, {"r": 4, "lora_alpha": 8, "target_modules": QV, "modules_to_save": ["embed_tokens"]}),
    Case(
        "modules-to-save-embedding-tied",
        114,
        {"r": 4, "lora_alpha": 8, "target_modules": QV, "modules_to_save": ["embed_tokens", "norm"]},
        TIED,
        warns=(TIED_WARNING,),
    ),
    Case("bias-lora-only", 115, {"r": 4, "lora_alpha": 8, "target_modules": [*QV, "up_proj"], "bias": "lora_only"}, BIASED),
    Case("bias-all", 116, {"r": 4, "lora_alpha": 8, "target_modules": QV, "bias": "all"}, {**BIASED, **TIED}),
    Case("lora-bias", 117, {"r": 4, "lora_alpha": 8, "target_modules": [*QV, "down_proj"], "lora_bias": True}, BIASED, merged=True, warns=(FLAT_BIAS,)),
    Case("pissa", 118, {"r": 4, "lora_alpha": 8, "target_modules": QV, "init_lora_weights": "pissa"}),
    Case("olora", 119, {"r": 4, "lora_alpha": 8, "target_modules": [*QV, "down_proj"], "init_lora_weights": "olora"}),
    Case("rope-llama3", 120, {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "k_proj"]}, ROPE, lengths=(28, 11)),
    Case("one-real-row", 121, {"r": 4, "lora_alpha": 8, "target_modules": QV}, TIED, lengths=(8, 1, 1, 1)),
    Case(
        "qalora",
        122,
        {"r": 4, "lora_alpha": 8, "use_qalora": True, "qalora_group_size": 4, "target_modules": [*QV, "down_proj"]},
        {**SMALL_LLAMA, **BIASED},
    ),
]
