"""Makes the golden cases with PEFT: base, adapter, expected numbers, merged model. See README.md beside this file.

    python golden/make.py                 make every case again, in place
    python golden/make.py --only dora     make one
    python golden/make.py --check         make them aside and compare with what is here
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT.parent / "python"))

import peft  # noqa: E402
import safetensors  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from peft import LoraConfig, PeftModel  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

from cases import CASES, Case  # noqa: E402
from tiny_llama import attach, build_batch, build_model, exact, load_base, trainable  # noqa: E402

ADAMW = {"lr": 1e-2, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.01, "foreach": False}
RELOADED = 2e-5
"""Largest |difference| of logits between the model that was made and the folders loaded again."""


def make(case: Case, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    base = build_model(case.seed, case.model)
    save_model(base, folder / "base")
    batch = build_batch(case.seed, base.config.vocab_size, case.lengths)
    expect = {name: tensor.to(torch.int32) for name, tensor in batch.items()}
    expect["logits_base"] = logits(base, batch)

    model = attach(base, LoraConfig(task_type="CAUSAL_LM", lora_dropout=0.0, **case.lora), case.seed)
    save_adapter(model, folder / "adapter")
    losses = []
    parameters = trainable(model)
    optimizer = torch.optim.AdamW(parameters.values(), **ADAMW)
    for step in range(4):
        optimizer.zero_grad()
        out = model(**batch)
        losses.append(out.loss.detach())
        if step == 0:
            expect["logits"] = out.logits.detach().clone()
        if step < 3:
            out.loss.backward()
            if step == 0:
                expect.update({f"grad.{name}": weight.grad.clone() for name, weight in parameters.items()})
            optimizer.step()
    expect["loss"] = losses[0].reshape(1)
    expect["losses"] = torch.stack(losses)
    expect["logits_step3"] = logits(model, batch)
    save_file({name: tensor.contiguous() for name, tensor in expect.items()}, folder / "expect.safetensors")
    if case.merged:
        save_model(model.merge_and_unload(), folder / "merged")
    facts = {
        "name": case.name,
        "arch": "llama",
        "peft_type": "LORA",
        "peft": peft.__version__,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "safetensors": safetensors.__version__,
        "python": platform.python_version(),
        "seed": case.seed,
    }
    (folder / "case.json").write_text(json.dumps(facts, indent=2) + "\n")
    prove(case, folder, expect, batch)


def prove(case: Case, folder: Path, expect: dict[str, torch.Tensor], batch: dict[str, torch.Tensor]) -> None:
    """What lies in the folder, loaded anew, gives the numbers that were written; and the numbers say something."""
    adapted = PeftModel.from_pretrained(load_base(str(folder / "base")), str(folder / "adapter")).eval()
    errors = {"logits": distance(logits(adapted, batch), expect["logits"])}
    if case.merged:
        errors["logits_step3"] = distance(logits(load_base(str(folder / "merged")), batch), expect["logits_step3"])
    gradients = {name: tensor.abs().max().item() for name, tensor in expect.items() if name.startswith("grad.")}
    effect = distance(expect["logits"], expect["logits_base"])
    weakest = min(gradients, key=gradients.__getitem__)
    print(
        f"{case.name:32} {size(folder) / 1000:6.1f} kB  loss {expect['losses'][0]:.3f} -> {expect['losses'][3]:.3f}"
        f"  |logits| {expect['logits'].abs().max():.1f}  effect {effect:.2f}  gradients {gradients[weakest]:.4f} to"
        f" {max(gradients.values()):.3f}  reloaded {max(errors.values()):.1e}"
    )
    if max(errors.values()) > RELOADED:
        raise AssertionError(f"{case.name}: the saved folders do not give the logits written: {errors}")
    if effect < 0.1 or gradients[weakest] < 1e-4 or expect["losses"][3] >= expect["losses"][0]:
        raise AssertionError(f"{case.name}: too weak to show an error (weakest gradient: {weakest})")
    if size(folder) > 150_000:
        raise AssertionError(f"{case.name}: {size(folder)} bytes, more than 150 kB")


def logits(model: torch.nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    with torch.no_grad():
        return model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits


def save_model(model: torch.nn.Module, folder: Path) -> None:
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)


def save_adapter(model: PeftModel, folder: Path) -> None:
    """As PEFT saves it, without its README; sets, which it writes in the order of the hashes, are sorted."""
    model.save_pretrained(folder)
    (folder / "README.md").unlink()
    path = folder / "adapter_config.json"
    config = json.loads(path.read_text())
    for name in ("target_modules", "exclude_modules"):
        if isinstance(config[name], list):
            config[name] = sorted(config[name])
    path.write_text(json.dumps(config, indent=2, sort_keys=True))


def distance(a: torch.Tensor, b: torch.Tensor) -> float:
    return (a - b).abs().max().item()


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def compare(made: Path, kept: Path) -> list[str]:
    """Files that differ, and by how much: other processors round otherwise, so bytes need not be the same there."""
    differ = []
    names = {path.relative_to(folder) for folder in (made, kept) for path in folder.rglob("*") if path.is_file()}
    for name in sorted(names):
        a, b = made / name, kept / name
        if not (a.exists() and b.exists()):
            differ.append(f"{name}: only in {'the new' if a.exists() else 'the kept'} case")
        elif a.read_bytes() == b.read_bytes():
            continue
        elif name.suffix == ".safetensors" and (x := load_file(a)).keys() == (y := load_file(b)).keys():
            worst = max(x, key=lambda key: distance(x[key].double(), y[key].double()))
            differ.append(f"{name}: {worst} differs by {distance(x[worst].double(), y[worst].double()):.1e}")
        else:
            differ.append(f"{name}: other content")
    return differ


def make_quietly(case: Case, folder: Path) -> None:
    """Any warning but those that the case announces is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for pattern in case.warns:
            warnings.filterwarnings("ignore", message=rf"[\s\S]*{pattern}")
        make(case, folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="NAME", choices=[case.name for case in CASES])
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    exact()
    transformers.logging.set_verbosity(logging.WARNING)
    transformers.utils.logging.disable_progress_bar()
    chosen = [case for case in CASES if options.only in (None, case.name)]
    with tempfile.TemporaryDirectory() as aside:
        target = Path(aside) if options.check else ROOT / "cases"
        for case in chosen:
            make_quietly(case, target / case.name)
        print(f"{len(chosen)} cases, {sum(size(target / case.name) for case in chosen) / 1000:.0f} kB")
        if options.check:
            differ = [f"{c.name}/{line}" for c in chosen for line in compare(target / c.name, ROOT / "cases" / c.name)]
            print("\n".join(differ) or "identical to the cases kept, byte for byte")
            sys.exit(1 if differ else 0)


if __name__ == "__main__":
    main()
