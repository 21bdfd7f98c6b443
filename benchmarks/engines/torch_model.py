"""The model and the adapter of a workload in torch and PEFT, as their users load them."""

from __future__ import annotations

import os
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"


def load_base(path: str, threads: int) -> tuple[Any, dict[str, Any]]:
    import torch
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(threads)
    base = transformers.AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)
    about = {
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "threads": torch.get_num_threads(),
        "attention": base.config._attn_implementation,
    }
    return base, about


def load(folder: str, threads: int, trainable: bool) -> tuple[Any, dict[str, Any]]:
    import peft

    base, about = load_base(f"{folder}/base", threads)
    model = peft.PeftModel.from_pretrained(base, f"{folder}/adapter", is_trainable=trainable)
    return model, {**about, "peft": peft.__version__}
