"""Prompts and prefixes."""

from __future__ import annotations

from typing import Any

import torch
from peft import get_peft_config

from deviations.facts import config, fact, logits, lora, made, raised, tiny
from strict import collected
from tiny_batch import build_batch


PROMPT = {"peft_type": "PROMPT_TUNING", "task_type": "CAUSAL_LM", "num_virtual_tokens": 2}


@fact
def prompt_beside() -> str | None:
    model = made(get_peft_config(dict(PROMPT)))
    return raised(lambda: model.add_adapter("notes", lora(task_type="CAUSAL_LM")))


@fact
def prefix_recomputed() -> str | None:
    model = tiny()
    model.gradient_checkpointing_enable()
    return raised(lambda: made(get_peft_config({**PROMPT, "peft_type": "PREFIX_TUNING"}), model))


@fact
def prompt_that_classifies() -> list[Any]:
    """Whether padding on the right changes what is said of a row, and what is warned of."""
    model = made(get_peft_config({**PROMPT, "task_type": "SEQ_CLS"}), tiny("llama", "SEQ_CLS"))
    ids = torch.tensor([[5, 6, 7]])
    padded = torch.nn.functional.pad(ids, (0, 2))
    with torch.no_grad(), collected() as messages:
        short = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
        long = model(input_ids=padded, attention_mask=(padded != 0).long()).logits
    return [(short - long).abs().max().item() > 1e-3, messages]


@fact
def prompt_that_labels() -> str | None:
    model = made(get_peft_config({**PROMPT, "task_type": "TOKEN_CLS"}), tiny("bert", "TOKEN_CLS"))
    return raised(lambda: model(**build_batch("TOKEN_CLS", 7, model.config, (5, 3))))
