"""(IA)3 on Llama, on GPT-2's Conv1D and on a BERT that classifies."""

from __future__ import annotations

from functools import partial

from .case import SMALL_LLAMA, Case

make = partial(Case, peft_type="IA3")
GPT2 = {"target_modules": ["c_attn", "mlp.c_proj"], "feedforward_modules": ["mlp.c_proj"], "fan_in_fan_out": True}
BERT = {"target_modules": ["key", "value", "output.dense"], "feedforward_modules": ["output.dense"]}

CASES = [
    make(
        "ia3",
        301,
        {"target_modules": ["k_proj", "v_proj", "down_proj"], "feedforward_modules": ["down_proj"]},
        {**SMALL_LLAMA, "attention_bias": True, "mlp_bias": True},
        merged=True,
    ),
    make("gpt2-ia3", 302, GPT2, arch="gpt2", merged=True),
    make("bert-ia3-seq-cls", 303, BERT, arch="bert", task="SEQ_CLS", merged=True),
]
