"""Makes golden/storages/four-bit.json with bitsandbytes (0.50.2, on the CPU): numbers, their codes, scales and values; scales,
their codes, and what these say. And folders of a model that transformers wrote in such codes, with its logits.

    python golden/storages.py
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import bitsandbytes
import bitsandbytes.functional as functional
import torch
from transformers import BitsAndBytesConfig, LlamaConfig, LlamaForCausalLM

BLOCKS = (32, 64, 128)


def main() -> None:
    torch.manual_seed(7)
    numbers = torch.randn(4, 128) * torch.tensor([1.0, 1e-3, 30.0, 1.0]).unsqueeze(1)
    numbers[3, :64] = 0
    numbers[3, 64:72] = torch.tensor([0.0, -0.0, 1e-4, -1e-4, 1e-9, -1e-9, 5.0, -5.0])
    cases = []
    for kind in ("nf4", "fp4"):
        for block in BLOCKS:
            codes, state = functional.quantize_4bit(numbers, blocksize=block, quant_type=kind, compress_statistics=False)
            cases.append(
                {
                    "kind": kind,
                    "block": block,
                    "codes": codes.flatten().tolist(),
                    "scales": state.absmax.tolist(),
                    "values": functional.dequantize_4bit(codes, state).flatten().tolist(),
                }
            )
    # One number a block, so that it is the scale and what is read for it is what the scale's code says.
    scales = torch.rand(600) * 0.1 + 0.02
    spread = torch.zeros(600, 32)
    spread[:, 0] = scales
    codes, state = functional.quantize_4bit(spread, blocksize=32, quant_type="nf4", compress_statistics=True)
    nested = {
        "scales": scales.tolist(),
        "codes": state.absmax.tolist(),
        "blocks": state.state2.absmax.tolist(),
        "mean": state.offset.item(),
        "map": state.state2.code.tolist(),
        "values": functional.dequantize_4bit(codes, state)[:, 0].tolist(),
    }
    made = {
        "bitsandbytes": bitsandbytes.__version__,
        "numbers": numbers.flatten().tolist(),
        "cases": cases,
        "nested": nested,
    }
    (Path(__file__).parent / "storages" / "four-bit.json").write_text(json.dumps(made) + "\n")

    for kind, config in {
        "nf4": BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.float32,
        ),
        "fp4": BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="fp4", bnb_4bit_compute_dtype=torch.float32
        ),
        "int8": BitsAndBytesConfig(load_in_8bit=True),
    }.items():
        write_model(Path(__file__).parent / "storages" / f"llama-{kind}", config)


def write_model(folder: Path, config: BitsAndBytesConfig) -> None:
    torch.manual_seed(3)
    sizes = {"vocab_size": 32, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 1}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1, "max_position_embeddings": 32}
    with TemporaryDirectory() as plain:
        LlamaForCausalLM(LlamaConfig(**sizes, **heads)).save_pretrained(plain)
        model = LlamaForCausalLM.from_pretrained(plain, quantization_config=config, dtype=torch.float32)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink()
    # LLM.int8 rounds what it multiplies by as well; the logits are of its weights alone.
    if config.load_in_8bit:
        model = model.dequantize(torch.float32)
    ids = torch.arange(3, 11).unsqueeze(0)
    with torch.no_grad():
        logits = model(ids).logits.flatten().tolist()
    (folder / "expected.json").write_text(json.dumps({"inputIds": ids.flatten().tolist(), "logits": logits}) + "\n")


if __name__ == "__main__":
    main()
