"""Runs a block in which any warning, by `warnings` or by a library's logger, is collected rather than lost."""

from __future__ import annotations

import contextlib
import logging
import re
import warnings
from collections.abc import Iterator, Sequence

OF_THE_BASE = (r"`loss_type=None` was set in the config",)
"""What transformers logs of every GPT2LMHeadModel that computes a loss, with an adapter or without."""
LOGGERS = ("transformers", "peft", "accelerate", "huggingface_hub", "safetensors", "torch")


class Collector(logging.Handler):
    def __init__(self, messages: list[str]) -> None:
        super().__init__(logging.WARNING)
        self.messages = messages

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(f"{record.name}: {record.getMessage()}")


@contextlib.contextmanager
def collected(allow: Sequence[str] = ()) -> Iterator[list[str]]:
    """The list that is yielded holds, once the block has ended, every message that no pattern of `allow` is found in."""
    messages: list[str] = []
    patterns = (*OF_THE_BASE, *allow)
    handler = Collector(messages)
    for name in LOGGERS:
        logging.getLogger(name).addHandler(handler)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield messages
    finally:
        for name in LOGGERS:
            logging.getLogger(name).removeHandler(handler)
        messages.extend(f"{warning.category.__name__}: {warning.message}" for warning in caught)
        messages[:] = [message for message in messages if not any(re.search(p, message) for p in patterns)]
