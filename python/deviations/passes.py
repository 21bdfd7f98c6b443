"""Forward passes, dropout and merging."""

from __future__ import annotations

import inspect

import peft
import torch
from peft import get_peft_model
from peft.tuners.lora.dora import DoraLinearLayer

from deviations.facts import config, fact, logits, lora, made, raised, tiny


@fact
def dropout_of_the_base() -> bool:
    model = made(lora(target_modules=["c_attn"], fan_in_fan_out=True), tiny("gpt2", resid_pdrop=0.5))
    return not torch.equal(logits(model.train()), logits(model.eval()))


@fact
def dora_dropout() -> bool:
    """With B zero there is nothing to drop but W's part of the change of direction."""
    model = get_peft_model(tiny(), lora(use_dora=True, lora_dropout=0.5))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "magnitude" in name:
                weight.mul_(1.5)
    return not torch.equal(logits(model.train()), logits(model.eval()))


@fact
def dora_norm() -> bool:
    return "torch.eye" in inspect.getsource(DoraLinearLayer)


@fact
def rank_dropout() -> list[float]:
    """How much larger rows that are kept become, times the share that was kept this time."""
    model = made(config("LOHA", r=2, target_modules=["q_proj"], rank_dropout=0.5))
    layer = model.base_model.model.model.layers[0].self_attn.q_proj
    whole = layer.get_delta_weight("default")
    found = []
    for seed in range(4):
        torch.manual_seed(seed)
        kept = (layer.get_delta_weight("default", apply_rank_dropout=True) / whole).mean(dim=1)
        found.append(kept.max().item() * (kept > 0).float().mean().item())
    return found


@fact
def tied_embedding() -> list[float]:
    """How far the output is from what the base gives for the same hidden states: with the adapter on, and merged."""
    model = made(lora(target_modules=["embed_tokens"]), tiny(tie_word_embeddings=True))
    hidden = torch.ones(1, 24)
    before = tiny(tie_word_embeddings=True).lm_head(hidden)
    inner = model.base_model.model
    with torch.no_grad():
        on = inner.lm_head(hidden)
        merged = model.merge_and_unload().lm_head(hidden)
    return [(one - before).abs().max().item() for one in (on, merged)]


@fact
def tokens_tied_merge() -> bool:
    model = made(config("TRAINABLE_TOKENS", token_indices=[3]), tiny(tie_word_embeddings=True)).merge_and_unload()
    return model.lm_head.weight is model.model.embed_tokens.weight


@fact
def merge_checks() -> list[str]:
    return sorted(inspect.signature(peft.LoraModel.merge_and_unload).parameters)


@fact
def merge_beneath() -> str | None:
    model = made(lora())
    model.add_adapter("above", lora(use_dora=True))
    model.base_model.set_adapter(["default", "above"])
    return raised(lambda: model.base_model.merge_adapter(["above"]))


@fact
def unmerge_rounding() -> float:
    model = made(lora())
    weight = model.base_model.model.model.layers[0].self_attn.q_proj.base_layer.weight
    before = weight.detach().clone()
    model.merge_adapter()
    model.unmerge_adapter()
    return (weight - before).abs().max().item()


@fact
def ia3_unmerge() -> float:
    """What is left of a weight that an l of 0 was merged into."""
    model = made(config("IA3", target_modules=["k_proj"], feedforward_modules=[]))
    layer = model.base_model.model.model.layers[0].self_attn.k_proj
    with torch.no_grad():
        layer.ia3_l["default"].zero_()
    model.merge_adapter()
    model.unmerge_adapter()
    return layer.base_layer.weight.abs().max().item()
