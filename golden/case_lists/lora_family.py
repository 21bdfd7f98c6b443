"""VeRA, AdaLoRA, LoHa and LoKr."""

from __future__ import annotations

from functools import partial

from .case import QV, SMALL_LLAMA, Case

vera = partial(Case, peft_type="VERA", spread={"vera_lambda_d": 0.3})
adalora = partial(Case, peft_type="ADALORA", spread={"lora_": 0.4})
loha = partial(Case, peft_type="LOHA", spread={"hada_": 0.3})
lokr = partial(Case, peft_type="LOKR")
BERT = {"arch": "bert", "task": "SEQ_CLS"}
NOT_SAVED = (
    "Specified to not save vera_A and vera_B",
    "Specified to not load vera_A and vera_B",
)
BUDGET = {"init_r": 4, "target_r": 2, "lora_alpha": 12, "orth_reg_weight": 0.3, "tinit": 0, "deltaT": 1}
RESIZED = "rank_pattern keys did not match any targeted module"  # PEFT takes AdaLoRA's for LoRA's when it loads them
NOTHING_LEFT = "have invalid shape"  # of a matrix that has lost every rank
# What three steps see: a budget on its way down after the first two, the final one after the third.
PRUNING = {**BUDGET, "total_step": 5, "tfinal": 2}

CASES = [
    vera("vera", 501, {"r": 6, "target_modules": [*QV, "down_proj"]}, SMALL_LLAMA, merged=True),
    vera(
        "vera-drawn-again",
        502,
        {"r": 6, "target_modules": QV, "save_projection": False, "projection_prng_key": 7},
        SMALL_LLAMA,
        warns=NOT_SAVED,
    ),
    vera("gpt2-vera", 503, {"r": 6, "target_modules": ["c_attn", "c_fc"], "fan_in_fan_out": True}, arch="gpt2", merged=True),
    adalora("adalora", 504, {**BUDGET, "target_modules": [*QV, "down_proj"], "total_step": 10}, SMALL_LLAMA, merged=True),
    adalora(
        "adalora-allocate",
        515,
        {**PRUNING, "target_modules": [*QV, "up_proj"]},
        SMALL_LLAMA,
        allocate=(1, 2, 3),
        warns=(RESIZED,),
    ),
    adalora(
        "gpt2-adalora-allocate",
        506,
        {**PRUNING, "target_modules": ["c_attn"], "fan_in_fan_out": True},
        arch="gpt2",
        allocate=(2, 3, 4),
        warns=(RESIZED, NOTHING_LEFT),
    ),
    loha("loha", 507, {"r": 3, "alpha": 6, "target_modules": [*QV, "up_proj"]}, SMALL_LLAMA, merged=True),
    loha("bert-loha-seq-cls", 508, {"r": 2, "alpha": 4, "target_modules": ["query", "intermediate.dense"]}, **BERT, merged=True),
    lokr("lokr", 509, {"r": 2, "alpha": 4, "target_modules": ["q_proj", "gate_proj", "down_proj"]}, SMALL_LLAMA, merged=True),
    lokr(
        "lokr-decompose-both",
        510,
        {"r": 1, "alpha": 2, "target_modules": [*QV, "up_proj"], "decompose_both": True},
        SMALL_LLAMA,
    ),
    lokr("lokr-factor", 511, {"r": 2, "alpha": 3, "target_modules": [*QV, "down_proj"], "decompose_factor": 2}, SMALL_LLAMA),
    lokr("bert-lokr-seq-cls", 512, {"r": 2, "alpha": 4, "target_modules": ["value", "output.dense"]}, **BERT, merged=True),
]
