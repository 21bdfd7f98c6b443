"""Which modules an adapter acts on."""

from __future__ import annotations

import inspect
import tempfile

import peft

from deviations.facts import config, fact, logits, lora, made, raised, saved, tiny
from strict import collected


@fact
def lost_target() -> list[str | None]:
    return [raised(lambda: made(lora(target_modules=names))) for names in (["q_proj", "nope"], ["nope"])]


@fact
def default_targets() -> list[str]:
    return sorted(made(config(r=2)).peft_config["default"].target_modules)


@fact
def all_linear_heads() -> list[bool]:
    cases = (
        ("bert", "TOKEN_CLS", None),
        ("vit", "IMAGE_CLS", None),
        ("bert", "SEQ_CLS", None),
        ("bert", "SEQ_CLS", "SEQ_CLS"),
    )
    return [
        "classifier" in made(lora(target_modules="all-linear", task_type=told), tiny(arch, task)).targeted_module_names
        for arch, task, told in cases
    ]


@fact
def fan_in_fan_out() -> list[str]:
    with collected() as messages:
        made(lora(target_modules=["c_attn"]), tiny("gpt2"))
    return messages


@fact
def modules_to_save_names() -> list[bool]:
    names = [n for n, _ in made(lora(modules_to_save=["norm"])).named_modules() if n.endswith("modules_to_save")]
    head = made(lora(task_type="SEQ_CLS", target_modules=["query"]), tiny("bert", "SEQ_CLS"))
    return [any("input_layernorm" in n for n in names), "classifier" in (head.modules_to_save or ())]


@fact
def whole_target() -> list[str]:
    model = made(lora(target_modules=["q_proj", "k_proj"], modules_to_save=["k_proj"]))
    with tempfile.TemporaryDirectory() as folder:
        tensors, _ = saved(model, folder)
    return sorted(name.split("layers.0.self_attn.")[1] for name in tensors if "layers.0" in name)


@fact
def ia3_targets() -> list[list[str]]:
    found = made(config("IA3"), tiny("bert", "SEQ_CLS")).peft_config["default"]
    return [sorted(found.target_modules), sorted(found.feedforward_modules)]


@fact
def vera_exclude() -> bool:
    return "exclude_modules" in inspect.signature(peft.VeraConfig).parameters


@fact
def lycoris_conv1d() -> list[str | None]:
    return [raised(lambda: made(config(kind, target_modules=["c_attn"]), tiny("gpt2"))) for kind in ("LOHA", "LOKR")]


@fact
def tokens_of_tables() -> str | None:
    return raised(lambda: made(lora(trainable_token_indices={"embed_tokens": [1], "lm_head": [2, 3]})))


@fact
def tokens_twice() -> str | None:
    model = made(config("TRAINABLE_TOKENS", token_indices=[3]))
    model.add_adapter("other", config("TRAINABLE_TOKENS", token_indices=[3]))
    model.base_model.set_adapter(["default", "other"])
    return raised(lambda: logits(model))
