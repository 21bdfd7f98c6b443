"""What lies in a case's folder, loaded anew, gives the numbers that were written; and the numbers say something."""

from __future__ import annotations

from pathlib import Path

import torch
from peft import PeftModel
from safetensors.torch import load_file

import reference
from case_lists import Case
from tiny_models import load_base

RELOADED = 2e-5
"""Largest |difference| of logits between the model that was made and the folders loaded again."""
Batch = dict[str, torch.Tensor]


def prove(case: Case, folder: Path, expect: Batch, batch: Batch) -> None:
    errors = {"logits": distance(logits(adapted(case, folder, "adapter"), batch), expect["logits"])}
    if case.merged:
        merged = load_base(str(folder / "merged"), case.task)
        errors["merged"] = distance(logits(merged, batch), expect["logits_step3"])
    if case.allocate:
        errors["trained"] = distance(logits(adapted(case, folder, "trained"), batch), expect["logits_step3"])
    gradients = {name: tensor.abs().max().item() for name, tensor in expect.items() if name.startswith("grad.")}
    effect = distance(expect["logits"][:, -expect["logits_base"].shape[1] :], expect["logits_base"])
    report = f"effect {effect:.2f}  |logits| {expect['logits'].abs().max():.1f}  reloaded {max(errors.values()):.1e}"
    weak = effect < 0.1
    if not case.forward_only:
        losses, weakest = expect["losses"], min(gradients, key=gradients.__getitem__)
        report += f"  loss {losses[0]:.3f} -> {losses[3]:.3f}  gradients {gradients[weakest]:.4f} to {max(gradients.values()):.3f}"
        weak = weak or gradients[weakest] < 1e-4 or losses[3] >= losses[0]
    print(f"{case.name:32} {size(folder) / 1000:6.1f} kB  {report}")
    if max(errors.values()) > RELOADED:
        raise AssertionError(f"{case.name}: the saved folders do not give the logits written: {errors}")
    if weak:
        raise AssertionError(f"{case.name}: too weak to show an error: {report}, {gradients}")
    if size(folder) > 150_000:
        raise AssertionError(f"{case.name}: {size(folder)} bytes, more than 150 kB")


def prove_embedding(case: Case, folder: Path, expect: Batch, batch: Batch) -> None:
    base = load_base(str(folder / "base"), case.task)
    with torch.no_grad():
        hidden = base(**batch).last_hidden_state
    for row, length in enumerate(case.lengths):
        mean = hidden[row, :length].mean(0)
        if distance(mean / mean.norm(), expect["embedding"][row]) > RELOADED:
            raise AssertionError(f"{case.name}: row {row} is not the mean of its tokens")
    print(f"{case.name:32} {size(folder) / 1000:6.1f} kB")


def adapted(case: Case, folder: Path, name: str) -> torch.nn.Module:
    base = load_base(str(folder / "base"), case.task)
    if case.peft_type in reference.INSERT:
        return reference.load(base, folder / name)
    return PeftModel.from_pretrained(base, str(folder / name)).eval()


def logits(model: torch.nn.Module, batch: Batch) -> torch.Tensor:
    with torch.no_grad():
        return model(**{name: tensor for name, tensor in batch.items() if name != "labels"}).logits


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
