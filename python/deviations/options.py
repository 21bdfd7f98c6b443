"""Defaults, and what is there to be chosen."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from peft import LoraConfig, PeftType
from peft.optimizers import create_loraplus_optimizer
from peft.tuners.lora.layer import LoraLayer
from peft.tuners.multitask_prompt_tuning import MultitaskPromptTuningInit
from peft.utils.loftq_utils import loftq_init

from deviations.facts import config, fact, lora, made, raised, tiny
from strict import collected


@fact
def large_rank() -> list[int]:
    return list(made(lora(r=99)).base_model.model.model.layers[0].self_attn.q_proj.lora_A["default"].weight.shape)


@fact
def default_alpha() -> list[int]:
    return [LoraConfig().lora_alpha, config("LOHA").alpha, config("LOKR").alpha]


@fact
def supported_options() -> list[bool]:
    known = inspect.signature(LoraConfig).parameters
    names = "eva_config corda_config target_parameters layer_replication"
    return [name in known for name in names.split()]


@fact
def qalora_elsewhere() -> list[int]:
    model = made(lora(use_qalora=True, qalora_group_size=4))
    return list(model.base_model.model.model.layers[0].self_attn.q_proj.lora_A["default"].weight.shape)


@fact
def loftq_start() -> list[bool]:
    """Whether it names a GPU, and its scale."""
    sources = [inspect.getsource(function) for function in (loftq_init, LoraLayer.loftq_init)]
    return ['"cuda"' in sources[0], "scaling" in "".join(sources)]


@fact
def own_types() -> list[bool]:
    return [name in PeftType.__members__ for name in ("BITFIT", "BOTTLENECK", "LOREFT", "ADAPTER_FUSION")]


@fact
def effective_conv2d() -> list[bool]:
    return ["use_effective_conv2d" in inspect.signature(type(config(kind))).parameters for kind in ("LOHA", "LOKR")]


@fact
def bias_all() -> bool:
    """Whether the one option trains a layer's bias that no LoRA is on."""
    model = made(lora(bias="all"), tiny(mlp_bias=True))
    return model.base_model.model.model.layers[0].mlp.up_proj.bias.requires_grad


@fact
def drawn() -> list[float]:
    return torch.rand(2, generator=torch.Generator().manual_seed(0)).tolist()


@fact
def alora_bias() -> str | None:
    options = lora(alora_invocation_tokens=[3], bias="all", task_type="CAUSAL_LM")
    return raised(lambda: made(options, tiny(attention_bias=True)))


@fact
def alora_start() -> str | None:
    return raised(lambda: made(lora(alora_invocation_tokens=[3], init_lora_weights="pissa", task_type="CAUSAL_LM")))


@fact
def lora_plus() -> list[float]:
    model = made(lora(target_modules=["embed_tokens"]))
    found = create_loraplus_optimizer(model, torch.optim.SGD, lr=1e-3, loraplus_lr_ratio=16)
    return sorted({group["lr"] for group in found.param_groups if group["params"]})


@fact
def butterflies() -> list[Any]:
    with collected() as messages:
        model = made(config("BOFT", boft_block_size=4, boft_n_butterfly_factor=2, target_modules=["q_proj"]))
    return [list(model.base_model.model.model.layers[0].self_attn.q_proj.boft_R["default"].shape), messages]


@fact
def coft() -> str | None:
    options = config("OFT", oft_block_size=4, coft=True, module_dropout=0.1, target_modules=["q_proj"])
    return raised(lambda: made(options))


@fact
def multitask_source() -> list[str]:
    return [e.value for e in MultitaskPromptTuningInit]
