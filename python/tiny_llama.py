"""A small random Llama with grouped-query attention, a batch for it and a trained-looking adapter on it.
Everything follows from seeds, on the CPU, in float32, on one thread."""

from __future__ import annotations

from typing import Any, Sequence

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

PAD, BOS, EOS = 0, 1, 2

DEFAULTS: dict[str, Any] = {
    "vocab_size": 48,
    "hidden_size": 24,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 6,
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-5,
    "tie_word_embeddings": False,
    "pad_token_id": PAD,
    "bos_token_id": BOS,
    "eos_token_id": EOS,
}


def exact() -> None:
    """One thread and deterministic kernels, so that the same machine gives the same bytes."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)


def build_model(seed: int, overrides: dict[str, Any] | None = None) -> LlamaForCausalLM:
    """A Llama whose weights are large enough that neither logits nor gradients are tiny."""
    config = LlamaConfig(**{**DEFAULTS, **(overrides or {})}, attn_implementation="eager", dtype=torch.float32)
    model = LlamaForCausalLM(config).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in sorted(model.named_parameters()):
            noise = torch.randn(weight.shape, generator=generator)
            if "norm" in name:
                weight.copy_(1 + 0.2 * noise)
            elif name.endswith("bias"):
                weight.copy_(0.3 * noise)
            elif "embed_tokens" in name:
                weight.copy_(0.4 * noise)
            else:
                weight.copy_(noise * (1.5 if "lm_head" in name else 1.2) / weight.shape[1] ** 0.5)
    return model


def load_base(folder: str) -> torch.nn.Module:
    """A base folder as transformers loads it; a missing, left-over or misshapen tensor is an error."""
    model, info = AutoModelForCausalLM.from_pretrained(
        folder, attn_implementation="eager", dtype=torch.float32, output_loading_info=True, local_files_only=True
    )
    wrong = {kind: sorted(map(str, names)) for kind, names in info.items() if names}
    if wrong:
        raise ValueError(f"{folder} does not fit its config.json: {wrong}")
    return model.eval()


def build_batch(seed: int, vocab: int, lengths: Sequence[int], prompt: int = 2) -> dict[str, torch.Tensor]:
    """Rows of the given lengths, padded on the right; the first row's `prompt` tokens and all padding are not learned."""
    generator = torch.Generator().manual_seed(seed)
    shape = (len(lengths), max(lengths))
    ids = torch.randint(EOS + 1, vocab, shape, generator=generator)
    mask = (torch.arange(shape[1]) < torch.tensor(lengths)[:, None]).long()
    ids = torch.where(mask == 1, ids, PAD)
    labels = torch.where(mask == 1, ids, -100)
    labels[0, :prompt] = -100
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


def attach(model: torch.nn.Module, config: LoraConfig, seed: int) -> PeftModel:
    """The adapter as if it had trained a while: nothing is zero, and nothing equals what it was initialized to."""
    torch.manual_seed(seed)
    peft = get_peft_model(model, config).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for _, weight in sorted(trainable(peft).items()):
            scale = 0.2 * weight.square().mean().sqrt().item() or 0.3
            weight.add_(scale * torch.randn(weight.shape, generator=generator))
    return peft


def trainable(model: torch.nn.Module) -> dict[str, torch.nn.Parameter]:
    return {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
