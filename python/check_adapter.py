"""Loads a base and an adapter folder with PEFT, where any warning is a failure, and writes the logits.

    python python/check_adapter.py --base DIR --adapter DIR --inputs FILE --out FILE [--task TASK] [--merged]
        [--allow REGEX]...

`--base` may be a GGUF file, too. `--task` is CAUSAL_LM unless said: SEQ_CLS, TOKEN_CLS, IMAGE_CLS, FEATURE_EXTRACTION. `--inputs` is a safetensors file
with `input_ids` or `pixel_values` and, if wanted, `attention_mask`, `token_type_ids`, `labels` and `task_ids`.
`--out` gets `logits_base` and `logits` (under FEATURE_EXTRACTION the last hidden states), `loss` [1] if there are
labels, `logits_merged` with --merged.
Prints one line of JSON: {"ok", "warnings", "error", "shape", "loss", "tensors", "versions"}. Exit code 1 if not ok.
`--allow` lets a warning pass that the base itself provokes, as tied embeddings do when an adapter touches them.
"""

from __future__ import annotations

import argparse
import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

import peft
import torch
import transformers
from peft import PeftConfig, PeftModel, get_peft_model_state_dict
from safetensors.torch import load_file, save_file
from transformers.utils import ModelOutput

from strict import collected
from tiny_models import LOADERS, exact, load_base

INPUTS = ("input_ids", "attention_mask", "token_type_ids", "pixel_values", "labels", "task_ids")


def check(options: argparse.Namespace) -> dict[str, object]:
    given = load_file(options.inputs)
    batch = {name: t if t.is_floating_point() else t.long() for name, t in given.items() if name in INPUTS}
    bare = {name: tensor for name, tensor in batch.items() if name != "task_ids"}
    out: dict[str, torch.Tensor] = {}
    with torch.no_grad():
        out["logits_base"] = answer(load_base(options.base, options.task)(**bare))
        model = load_adapter(options)
        tensors = same_tensors(model, f"{options.adapter}/adapter_model.safetensors")
        result = model(**batch)
        out["logits"] = answer(result)
        if getattr(result, "loss", None) is not None:
            out["loss"] = result.loss.reshape(1)
        if options.merged:
            out["logits_merged"] = answer(model.merge_and_unload()(**bare))
    for name, tensor in out.items():
        if not tensor.isfinite().all():
            raise ValueError(f"{name} holds NaN or infinity")
    save_file({name: tensor.float().contiguous() for name, tensor in out.items()}, options.out)
    return {
        "shape": list(out["logits"].shape),
        "loss": out["loss"].item() if "loss" in out else None,
        "tensors": tensors,
    }


def load_adapter(options: argparse.Namespace) -> PeftModel:
    """AdaLoRA computes no loss unless it may train: its penalty asks for the adapter that trains."""
    trains = PeftConfig.from_pretrained(options.adapter).peft_type == "ADALORA"
    base = load_base(options.base, options.task)
    return PeftModel.from_pretrained(base, options.adapter, is_trainable=trains, local_files_only=True).eval()


def answer(result: ModelOutput) -> torch.Tensor:
    return result.logits if "logits" in result else result.last_hidden_state


def same_tensors(model: PeftModel, path: str) -> int:
    """How many tensors the file holds, each of which must have arrived in the model unchanged: PEFT drops those it does
    not know without a word."""
    given = load_file(path)
    saved = get_peft_model_state_dict(
        model,
        state_dict=model.state_dict(),  # given, it is not validated: PEFT would take a lora_B.bias for a broken shard
        save_embedding_layers=any(".embed_tokens.base_layer." in name for name in given),
    )
    if given.keys() != saved.keys():
        unknown, missing = sorted(given.keys() - saved.keys()), sorted(saved.keys() - given.keys())
        raise ValueError(f"{path}: PEFT ignored {unknown} and did not find {missing}")
    changed = [name for name in given if not torch.equal(given[name].float(), saved[name].float())]
    if changed:
        raise ValueError(f"{path}: these arrived changed: {changed}")
    return len(given)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("base", "adapter", "inputs", "out"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--task", choices=LOADERS, default="CAUSAL_LM")
    parser.add_argument("--merged", action="store_true")
    parser.add_argument("--allow", metavar="REGEX", action="append", default=[])
    options = parser.parse_args()
    exact()
    transformers.utils.logging.disable_progress_bar()
    found: dict[str, object] = {}
    error = None
    with collected(options.allow) as messages:
        try:
            found = check(options)
        except Exception as caught:  # reported in the JSON, with the exit code
            error = f"{type(caught).__name__}: {caught}"
    versions = {"peft": peft.__version__, "torch": torch.__version__, "transformers": transformers.__version__}
    ok = error is None and not messages
    print(json.dumps({"ok": ok, "warnings": messages, "error": error, **found, "versions": versions}))
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
