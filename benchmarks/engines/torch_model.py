"""The model and the adapter of a workload in torch and PEFT, as their users load them."""

from __future__ import annotations

import os
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"


def load(folder: str, threads: int, trainable: bool) -> tuple[Any, dict[str, Any]]:
    import peft
    import torch
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(threads)
    base = transformers.AutoModelForCausalLM.from_pretrained(f"{folder}/base", dtype=torch.float32)
    model = peft.PeftModel.from_pretrained(base, f"{folder}/adapter", is_trainable=trainable)
    about = {
        "torch": torch.__version__,
        "peft": peft.__version__,
        "transformers": transformers.__version__,
        "threads": torch.get_num_threads(),
        "attention": base.config._attn_implementation,
    }
    return model, about
