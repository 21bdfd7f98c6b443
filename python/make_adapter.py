"""Makes a small random base and an adapter on it with PEFT, and writes the logits they give.

    python python/make_adapter.py --out DIR --seed 7 --config '{"r": 4, "target_modules": ["q_proj"]}'
        [--arch gpt2] [--task SEQ_CLS] [--model '{"tie_word_embeddings": true}'] [--dtype bfloat16] [--shards 20KB]

`--config` is what PEFT's configuration takes, of LoRA where it names no `peft_type`; `--model` what that of the
architecture (llama, gpt2, bert, vit) takes. DIR gets `base/`, `adapter/` and `expect.safetensors` with the batch as
int32 (`input_ids`, `attention_mask`, `labels`, `task_ids`; `pixel_values` as float32), `logits_base`, `logits` and
`loss` [1]. With --dtype the base is rounded to that type before anything is computed, and saved in it; the sums are
float32 all the same. With --shards it is saved in several files with an index. Prints one line of JSON:
{"shape", "loss", "warnings", "error", "versions"}. Exit code 1 on an error.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import peft
import torch
import transformers
from peft import PeftConfig, get_peft_config
from safetensors.torch import save_file

from strict import collected
from tiny_batch import build_batch
from tiny_models import ARCHITECTURES, LOADERS, build_model, exact, load_base
from trained_adapter import attach

LENGTHS = (9, 6, 1)


def make(options: argparse.Namespace) -> dict[str, object]:
    folder = Path(options.out)
    dtype = getattr(torch, options.dtype)
    made = build_model(options.arch, options.task, options.seed, json.loads(options.model)).to(dtype)
    made.save_pretrained(folder / "base", max_shard_size=options.shards)
    base = load_base(str(folder / "base"), options.task)
    batch = build_batch(options.task, options.seed, base.config, LENGTHS)
    config = config_of(options)
    with torch.no_grad():
        expect = {"logits_base": base(**batch).logits}
        if config.peft_type == "MULTITASK_PROMPT_TUNING":
            batch["task_ids"] = torch.arange(len(LENGTHS)) % config.num_tasks
        model = attach(base, config, options.seed)
        result = model(**batch)
    expect |= {"logits": result.logits, "loss": result.loss.reshape(1)}
    expect |= {name: tensor if tensor.is_floating_point() else tensor.int() for name, tensor in batch.items()}
    model.save_pretrained(folder / "adapter")
    save_file({name: tensor.contiguous() for name, tensor in expect.items()}, folder / "expect.safetensors")
    return {"shape": list(result.logits.shape), "loss": result.loss.item()}


def config_of(options: argparse.Namespace) -> PeftConfig:
    given = {"peft_type": "LORA", **json.loads(options.config)}
    # PEFT has no task for images: such adapters carry none.
    return get_peft_config({"task_type": None if options.task == "IMAGE_CLS" else options.task, **given})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--config", required=True)
    parser.add_argument("--arch", choices=ARCHITECTURES, default="llama")
    parser.add_argument("--task", choices=[task for task in LOADERS if task != "FEATURE_EXTRACTION"], default="CAUSAL_LM")
    parser.add_argument("--model", default="{}")
    parser.add_argument("--dtype", choices=["float32", "float16", "bfloat16"], default="float32")
    parser.add_argument("--shards", default="1GB")
    options = parser.parse_args()
    exact()
    transformers.utils.logging.disable_progress_bar()
    found: dict[str, object] = {}
    error = None
    with collected() as messages:
        try:
            found = make(options)
        except Exception as caught:  # reported in the JSON, with the exit code
            error = f"{type(caught).__name__}: {caught}"
    versions = {"peft": peft.__version__, "torch": torch.__version__, "transformers": transformers.__version__}
    print(json.dumps({**found, "warnings": messages, "error": error, "versions": versions}))
    sys.exit(1 if error else 0)


if __name__ == "__main__":
    main()
