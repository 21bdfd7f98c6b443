"""Norms that train, orthogonal changes of the weight (HRA, OFT, BOFT) and spectra (FourierFT)."""

from __future__ import annotations

from functools import partial

from .case import QV, SMALL_LLAMA, Case

BERT = {"arch": "bert", "task": "SEQ_CLS"}
UNKNOWN_LAYER = "Unsupported layer type"  # PEFT says so of every norm, which is all that LN_TUNING is made for
NO_CUDA = ("Failed to load the CUDA extension", "Setting boft_n_butterfly_factor to 1")
norms = partial(Case, peft_type="LN_TUNING", warns=(UNKNOWN_LAYER,))
hra = partial(Case, peft_type="HRA", merged=True)
oft = partial(Case, peft_type="OFT", spread={"oft_R": 0.15}, merged=True)
boft = partial(Case, peft_type="BOFT", spread={"boft_R": 0.15}, merged=True, warns=NO_CUDA)
fourier = partial(Case, peft_type="FOURIERFT", spread={"fourierft_spectrum": 1.0}, merged=True)

CASES = [
    norms("ln-tuning", 801, {"target_modules": ["input_layernorm", "post_attention_layernorm", "norm"]}, SMALL_LLAMA, merged=True),
    norms("gpt2-ln-tuning", 802, {"target_modules": ["ln_1", "ln_f"]}, arch="gpt2", merged=True),
    norms("bert-ln-tuning-seq-cls", 803, {"target_modules": ["LayerNorm"]}, **BERT),
    hra("hra", 804, {"r": 4, "target_modules": [*QV, "down_proj"]}, SMALL_LLAMA),
    hra("hra-orthogonal", 805, {"r": 3, "apply_GS": True, "init_weights": False, "target_modules": QV}, SMALL_LLAMA),
    hra("bert-hra-seq-cls", 806, {"r": 2, "target_modules": ["query", "intermediate.dense"]}, **BERT),
    oft("oft", 807, {"r": 0, "oft_block_size": 4, "target_modules": [*QV, "down_proj"]}, SMALL_LLAMA),
    oft("oft-exact", 808, {"r": 2, "oft_block_size": 0, "use_cayley_neumann": False, "target_modules": QV}, SMALL_LLAMA),
    oft("bert-oft-shared-seq-cls", 809, {"r": 0, "oft_block_size": 8, "block_share": True, "target_modules": ["query", "value"]}, **BERT),
    boft("boft", 810, {"boft_block_size": 4, "target_modules": [*QV, "down_proj"]}, SMALL_LLAMA),
    boft("bert-boft-seq-cls", 812, {"boft_block_num": 8, "boft_block_size": 0, "target_modules": ["query", "output.dense"]}, **BERT),
    fourier("fourierft", 813, {"n_frequency": 40, "scaling": 30.0, "target_modules": [*QV, "down_proj"]}, SMALL_LLAMA),
    fourier(
        "gpt2-fourierft",
        814,
        {"n_frequency": 60, "scaling": 60.0, "random_loc_seed": 9, "target_modules": ["c_attn", "c_fc"], "fan_in_fan_out": True},
        arch="gpt2",
    ),
]
