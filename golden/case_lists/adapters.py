"""Bottleneck adapters, AdapterFusion over them, and LoReFT, which PEFT lacks."""

from __future__ import annotations

from functools import partial

from .case import SMALL_LLAMA, Case

bottleneck = partial(Case, peft_type="BOTTLENECK")
loreft = partial(Case, peft_type="LOREFT", spread={"reft_rotate": 0.15})
fusion = partial(Case, peft_type="ADAPTER_FUSION", spread={"fusion_query": 0.4, "fusion_key": 0.4})
LAYERS = (0, 1)
LLAMA_BOTH = [f"model.layers.{i}.{branch}" for i in LAYERS for branch in ("self_attn", "mlp")]
LLAMA_MLP = [f"model.layers.{i}.mlp" for i in LAYERS]
GPT2_BOTH = [f"transformer.h.{i}.{branch}" for i in LAYERS for branch in ("attn", "mlp")]
GPT2_MLP = [f"transformer.h.{i}.mlp" for i in LAYERS]
BERT_MLP = [f"bert.encoder.layer.{i}.output.dense" for i in LAYERS]
BERT_BOTH = [*BERT_MLP, *(f"bert.encoder.layer.{i}.attention.output.dense" for i in LAYERS)]
BERT = {"arch": "bert", "task": "SEQ_CLS"}


def config(style: str, r: int, activation: str, scaling: float, branches: list[str]) -> dict[str, object]:
    return {"style": style, "r": r, "activation": activation, "scaling": scaling, "target_modules": sorted(branches)}


def fused(regularization: float, branches: list[str], *adapters: tuple[str, int, str, float]) -> dict[str, object]:
    """Each adapter: its style, width, activation and scaling."""
    names = ("style", "r", "activation", "scaling")
    shapes = [dict(zip(names, adapter)) for adapter in adapters]
    return {"adapters": shapes, "regularization": regularization, "target_modules": sorted(branches)}


CASES = [
    bottleneck("bottleneck-houlsby", 601, config("houlsby", 4, "gelu", 1.0, LLAMA_BOTH), SMALL_LLAMA),
    bottleneck("bottleneck-pfeiffer", 602, config("pfeiffer", 4, "relu", 1.5, LLAMA_MLP), SMALL_LLAMA),
    bottleneck("bottleneck-parallel", 603, config("parallel", 5, "silu", 4.0, LLAMA_MLP), SMALL_LLAMA),
    bottleneck("gpt2-bottleneck-houlsby", 604, config("houlsby", 4, "gelu_new", 1.0, GPT2_BOTH), arch="gpt2"),
    bottleneck("gpt2-bottleneck-parallel", 605, config("parallel", 4, "tanh", 2.0, GPT2_MLP), arch="gpt2"),
    bottleneck("bert-bottleneck-houlsby", 606, config("houlsby", 4, "relu", 1.0, BERT_BOTH), **BERT),
    bottleneck("bert-bottleneck-pfeiffer", 607, config("pfeiffer", 3, "gelu", 1.0, BERT_MLP[1:]), **BERT),
    bottleneck("bert-bottleneck-parallel", 608, config("parallel", 4, "relu", 2.0, BERT_MLP), **BERT),
    fusion("fusion", 612, fused(0.01, LLAMA_MLP, ("pfeiffer", 4, "relu", 1.5), ("parallel", 3, "silu", 2.0)), SMALL_LLAMA),
    fusion("gpt2-fusion", 613, fused(0.0, GPT2_MLP, ("pfeiffer", 3, "gelu_new", 1.0), ("pfeiffer", 3, "tanh", 2.0)), arch="gpt2"),
    fusion("bert-fusion-seq-cls", 614, fused(0.1, BERT_MLP, ("pfeiffer", 3, "gelu", 1.0), ("parallel", 2, "relu", 2.0), ("pfeiffer", 4, "tanh", 1.0)), **BERT),
    loreft("loreft", 609, {"r": 3, "first": 2, "last": 3, "target_modules": ["model.layers.0", "model.layers.1"]}, SMALL_LLAMA),
    loreft("loreft-last", 610, {"r": 2, "first": 0, "last": 2, "target_modules": ["model.layers.0"]}, SMALL_LLAMA, lengths=(7, 7, 3)),
    loreft("bert-loreft-seq-cls", 611, {"r": 3, "first": 1, "last": 1, "target_modules": ["bert.encoder.layer.0", "bert.encoder.layer.1"]}, **BERT),
]
