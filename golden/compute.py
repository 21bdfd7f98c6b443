"""Computes one golden case into a folder: base, adapter, expected numbers, merged model, and what it is."""

from __future__ import annotations

import json
import platform
import shutil
from pathlib import Path
from typing import Any

import peft
import safetensors
import torch
import transformers
from peft import FourierFTConfig, PeftModel, VeraConfig, get_peft_config
from peft.tuners.fourierft.layer import FourierFTLayer
from safetensors.torch import save_file

import reference
from case_lists import Case
from prove import prove, prove_embedding
from tiny_batch import build_batch
from tiny_models import build_model
from trained_adapter import attach, roughen, trainable

ADAMW = {"lr": 1e-2, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.01, "foreach": False}
Batch = dict[str, torch.Tensor]


def make(case: Case, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    base = build_model(case.arch, case.task, case.seed, case.model)
    save_model(base, folder / "base")
    batch = batch_of(case, base.config)
    expect = {name: tensor.int() if not tensor.is_floating_point() else tensor for name, tensor in batch.items()}
    facts: dict[str, Any] = {}
    if case.peft_type is None:
        expect["embedding"] = embedding(base, batch)
    else:
        with torch.no_grad():
            expect["logits_base"] = base(**{k: v for k, v in batch.items() if k not in ("labels", "task_ids")}).logits
        model = adapted(case, base)
        save_adapter(model, folder / "adapter")
        expect.update(drawn(model))
        expect.update(forward(model, batch) if case.forward_only else three_steps(case, model, batch))
        if case.allocate:
            save_adapter(model, folder / "trained")
            facts["rank_pattern"] = model.active_peft_config.rank_pattern
        if case.merged:
            save_model(model.merge_and_unload(), folder / "merged")
    save_file({name: tensor.contiguous() for name, tensor in expect.items()}, folder / "expect.safetensors")
    (folder / "case.json").write_text(json.dumps({**about(case), **facts}, indent=2) + "\n")
    (prove_embedding if case.peft_type is None else prove)(case, folder, expect, batch)


def batch_of(case: Case, config: transformers.PreTrainedConfig) -> Batch:
    batch = build_batch(case.task, case.seed, config, case.lengths)
    for (row, start), tokens in case.tokens.items():
        where = (row, slice(start, start + len(tokens)))
        if not batch["attention_mask"][where].all():
            raise ValueError(f"{case.name}: row {row} is padding at {start}")
        batch["input_ids"][where] = torch.tensor(tokens)
        if case.task == "CAUSAL_LM":
            batch["labels"][where] = torch.tensor(tokens)
    if case.task_ids:
        batch["task_ids"] = torch.tensor(case.task_ids)
    return batch


def adapted(case: Case, base: torch.nn.Module) -> torch.nn.Module:
    given = {"peft_type": case.peft_type, **case.config}
    if case.peft_type in reference.INSERT:
        model = reference.attach(base, given, case.task, case.seed)
        roughen(model, case.seed, case.spread)
        return model
    # PEFT has no task for images: such adapters carry none.
    given["task_type"] = None if case.task == "IMAGE_CLS" else case.task
    return attach(base, get_peft_config(given), case.seed, case.spread)


def embedding(model: torch.nn.Module, batch: Batch) -> torch.Tensor:
    """As sentence-transformers pools and normalizes: [b, d]."""
    with torch.no_grad():
        hidden = model(**batch).last_hidden_state
    mask = batch["attention_mask"][:, :, None].float()
    return torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1)


def forward(model: torch.nn.Module, batch: Batch) -> Batch:
    with torch.no_grad():
        out = model(**batch)
    encoder = {f"encoder.{name}": weight.detach() for name, weight in model.prompt_encoder.default.named_parameters()}
    return {"logits": out.logits, "loss": out.loss.reshape(1), **encoder}


def drawn(model: torch.nn.Module) -> Batch:
    """What PEFT draws from a seed of the configuration and leaves out of the folder."""
    config = getattr(model, "active_peft_config", None)
    found: Batch = {}
    if isinstance(config, VeraConfig) and not config.save_projection:
        found = {name: getattr(model.base_model, name)["default"] for name in ("vera_A", "vera_B")}
    if isinstance(config, FourierFTConfig):
        for name, module in model.named_modules():
            if isinstance(module, FourierFTLayer):
                found[f"{name}.indices"] = module.indices["default"].int()
    return {f"drawn.{name}": tensor for name, tensor in found.items()}


def three_steps(case: Case, model: torch.nn.Module, batch: Batch) -> Batch:
    expect: Batch = {}
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
            if case.allocate:
                model.base_model.update_and_allocate(case.allocate[step])
    expect["loss"] = losses[0].reshape(1)
    expect["losses"] = torch.stack(losses)
    expect["logits_step3"] = out.logits.detach()
    return expect


def save_model(model: torch.nn.Module, folder: Path) -> None:
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)


def save_adapter(model: torch.nn.Module, folder: Path) -> None:
    """As PEFT saves it, without its README; sets, which it writes in the order of the hashes, are sorted."""
    if not isinstance(model, PeftModel):
        reference.save(model, folder)
        return
    model.save_pretrained(folder)
    (folder / "README.md").unlink()
    path = folder / "adapter_config.json"
    config = json.loads(path.read_text())
    for name in ("target_modules", "exclude_modules", "feedforward_modules"):
        if isinstance(config.get(name), list):
            config[name] = sorted(config[name])
    path.write_text(json.dumps(config, indent=2, sort_keys=True))


def about(case: Case) -> dict[str, Any]:
    return {
        "name": case.name,
        "arch": case.arch,
        **({} if case.task == "CAUSAL_LM" else {"task": case.task}),
        "peft_type": case.peft_type,
        **({"forward_only": True} if case.forward_only else {}),
        **({"update_and_allocate": case.allocate} if case.allocate else {}),
        "peft": peft.__version__,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "safetensors": safetensors.__version__,
        "python": platform.python_version(),
        "seed": case.seed,
    }
