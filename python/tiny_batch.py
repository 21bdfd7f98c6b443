"""A batch for a small model: padded rows of random tokens, or random images, with the task's labels."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from transformers import PreTrainedConfig

FIRST_TOKEN = 3
"""Below it lie padding and the tokens that begin and end."""


def build_batch(
    task: str, seed: int, config: PreTrainedConfig, lengths: Sequence[int], prompt: int = 2
) -> dict[str, torch.Tensor]:
    """One row for each length, padded on the right. What is padding is not learned; under CAUSAL_LM neither are the
    first row's `prompt` tokens, under TOKEN_CLS each row's first."""
    generator = torch.Generator().manual_seed(seed)
    if task == "IMAGE_CLS":
        shape = (len(lengths), config.num_channels, config.image_size, config.image_size)
        pixels = torch.randn(shape, generator=generator)
        return {"pixel_values": pixels, "labels": classes(config, (len(lengths),), generator)}
    shape = (len(lengths), max(lengths))
    ids = torch.randint(FIRST_TOKEN, config.vocab_size, shape, generator=generator)
    mask = (torch.arange(shape[1]) < torch.tensor(lengths)[:, None]).long()
    ids = torch.where(mask == 1, ids, 0)
    batch = {"input_ids": ids, "attention_mask": mask}
    if task == "CAUSAL_LM":
        batch["labels"] = torch.where(mask == 1, ids, -100)
        batch["labels"][0, :prompt] = -100
    elif task == "TOKEN_CLS":
        batch["labels"] = torch.where(mask == 1, classes(config, shape, generator), -100)
        batch["labels"][:, 0] = -100
    elif task == "SEQ_CLS":
        batch["labels"] = classes(config, (len(lengths),), generator)
    return batch


def classes(config: PreTrainedConfig, shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    return torch.randint(config.num_labels, shape, generator=generator)
