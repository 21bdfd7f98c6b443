"""Makes a small random base and a LoRA adapter on it with PEFT, and writes the logits they give.

    python python/make_adapter.py --out DIR --seed 7 --config '{"r": 4, "target_modules": ["q_proj"]}'
        [--model '{"tie_word_embeddings": true}'] [--dtype bfloat16] [--shards 20KB]

`--config` is what LoraConfig takes, `--model` what LlamaConfig takes. DIR gets `base/`, `adapter/` and
`expect.safetensors` with `input_ids`, `attention_mask`, `labels` [b, t] int32, `logits_base`, `logits` [b, t, v] and
`loss` [1]. With --dtype the base is rounded to that type before anything is computed, and saved in it; the sums are
float32 all the same. With --shards it is saved in several files with an index. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import peft
import torch
import transformers
from peft import LoraConfig
from safetensors.torch import save_file

from strict import collected
from tiny_llama import attach, build_batch, build_model, exact, load_base

LENGTHS = (9, 6, 1)


def make(options: argparse.Namespace) -> dict[str, object]:
    folder = Path(options.out)
    dtype = getattr(torch, options.dtype)
    made = build_model(options.seed, json.loads(options.model)).to(dtype)
    made.save_pretrained(folder / "base", max_shard_size=options.shards)
    base = load_base(str(folder / "base"))
    batch = build_batch(options.seed, base.config.vocab_size, LENGTHS)
    with torch.no_grad():
        expect = {"logits_base": base(**batch).logits}
        config = {"task_type": "CAUSAL_LM", "lora_dropout": 0.0, **json.loads(options.config)}
        model = attach(base, LoraConfig(**config), options.seed)
        result = model(**batch)
    expect |= {"logits": result.logits, "loss": result.loss.reshape(1)}
    expect |= {name: tensor.to(torch.int32) for name, tensor in batch.items()}
    model.save_pretrained(folder / "adapter")
    save_file({name: tensor.contiguous() for name, tensor in expect.items()}, folder / "expect.safetensors")
    return {"shape": list(result.logits.shape), "loss": result.loss.item()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", default="{}")
    parser.add_argument("--dtype", choices=["float32", "float16", "bfloat16"], default="float32")
    parser.add_argument("--shards", default="1GB")
    options = parser.parse_args()
    exact()
    transformers.utils.logging.disable_progress_bar()
    with collected() as messages:
        found = make(options)
    versions = {"peft": peft.__version__, "torch": torch.__version__, "transformers": transformers.__version__}
    print(json.dumps({**found, "warnings": messages, "versions": versions}))


if __name__ == "__main__":
    main()
