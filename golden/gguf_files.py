"""Makes the GGUF files of golden/gguf and what the Python packages gguf, transformers and tokenizers read of them.

    python golden/gguf_files.py             make them again, in place
    python golden/gguf_files.py --check     make them aside and compare with what is here

`blocks.gguf` holds random blocks of every type that is read, `blocks.safetensors` the numbers that gguf makes of them.
`llama.gguf` is a random Llama of several block types, with a tokenizer, written as llama.cpp's converter does (rows of q
and k in the order of its rotary embedding); `llama.safetensors` has the weights and logits of transformers, which reads
the same file, and `llama.json` texts and their tokens. `sentencepiece.gguf` holds a tokenizer of scored pieces, and
`sentencepiece.json` the tokens of the same texts by the rules with which transformers converts sentencepiece.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import gguf  # noqa: E402
import numpy as np  # noqa: E402
import safetensors  # noqa: E402
import tokenizers  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from gguf import GGMLQuantizationType as Type  # noqa: E402
from transformers.convert_slow_tokenizer import generate_merges  # noqa: E402
from safetensors.numpy import save_file  # noqa: E402

ROOT = Path(__file__).parent / "gguf"
SEED = 20260101
# The bytes of a block at which a float16 begins.
SCALES = {
    **{Type.Q4_0: [0], Type.Q4_1: [0, 2], Type.Q5_0: [0], Type.Q5_1: [0, 2], Type.Q8_0: [0], Type.F16: [0]},
    **{Type.Q2_K: [80, 82], Type.Q3_K: [108], Type.Q4_K: [0, 2], Type.Q5_K: [0, 2], Type.Q6_K: [208]},
}
PLAIN = {Type.F32: np.float32, Type.F64: np.float64}
TEXTS = [
    "", " ", "Hello, world!", "The year 1984 and 3.14159, 007", "it's we'll  I'D  two  spaces\n\n\ttab ",
    "naïve café Ünïcode ½ ² Ⅷ ٣٤", "日本語 한국어 👍🏽", "<|im_start|>user\nhi<|im_end|>\n", "a<|endoftext|>b  ", "x=1;y=22",
]
TEMPLATE = "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}"


def blocks(folder: Path) -> None:
    random = np.random.default_rng(SEED)
    writer = gguf.GGUFWriter(folder / "blocks.gguf", "none")
    expected = {}
    for kind in [*PLAIN, Type.BF16, *SCALES]:
        values, size = gguf.GGML_QUANT_SIZES[kind]
        # Three rows of whole blocks, which fill 512 numbers or, where a block is one, ten.
        shape = (3, size * (512 // values if values > 1 else 10))
        if kind in PLAIN:
            data = random.standard_normal((3, 10)).astype(PLAIN[kind])
            expected[kind.name] = data.astype(np.float32)
            writer.add_tensor(kind.name, data, raw_dtype=kind)
            continue
        data = random.integers(0, 256, shape, dtype=np.uint8)
        for at in SCALES.get(kind, []):
            scales = (random.standard_normal((3, shape[1] // size)) * 10.0 ** random.integers(-6, 3)).astype(np.float16)
            data.reshape(3, -1, size)[:, :, at : at + 2] = scales[:, :, None].view(np.uint8)
        if kind == Type.BF16:
            data.reshape(3, -1, size)[:, :, 1] &= 0x3F
        expected[kind.name] = gguf.dequantize(data, kind).astype(np.float32)
        assert np.isfinite(expected[kind.name]).all(), kind.name
        writer.add_tensor(kind.name, data, raw_dtype=kind)
    finish(writer)
    save_file(expected, folder / "blocks.safetensors")


def tokenizer() -> tokenizers.Tokenizer:
    """A byte-level BPE that splits digits, as SmolLM's, trained on the license."""
    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer = tokenizers.pre_tokenizers.Sequence(
        [
            tokenizers.pre_tokenizers.Digits(individual_digits=True),
            tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    made.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    made.train_from_iterator([*TEXTS, (ROOT.parent.parent / "LICENSE").read_text()], trainer)
    return made


def llama(folder: Path) -> None:
    tokens = tokenizer()
    model = json.loads(tokens.to_str())["model"]
    vocabulary = sorted(model["vocab"], key=model["vocab"].get)
    d, ff, layers, heads, kv_heads = 32, 64, 2, 4, 2
    path = folder / "llama.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_block_count(layers)
    writer.add_context_length(64)
    writer.add_embedding_length(d)
    writer.add_feed_forward_length(ff)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_rope_freq_base(5000.0)
    writer.add_rope_dimension_count(d // heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(vocabulary))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(vocabulary)
    writer.add_token_types([3 if k < 3 else 1 for k in range(len(vocabulary))])
    writer.add_token_merges([" ".join(pair) for pair in model["merges"]])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)
    random = np.random.default_rng(SEED)

    def add(name: str, shape: tuple[int, ...], kind: Type = Type.F32) -> None:
        data = (random.standard_normal(shape) * (0.3 if len(shape) > 1 else 0.1) + (len(shape) == 1)).astype(np.float32)
        writer.add_tensor(name, gguf.quantize(data, kind), raw_dtype=kind)

    add("token_embd.weight", (len(vocabulary), d), Type.F16)
    for k in range(layers):
        add(f"blk.{k}.attn_norm.weight", (d,))
        add(f"blk.{k}.ffn_down.weight", (d, ff), Type.Q5_1)
        add(f"blk.{k}.ffn_gate.weight", (ff, d), Type.Q4_0)
        add(f"blk.{k}.ffn_up.weight", (ff, d), Type.Q4_1)
        add(f"blk.{k}.ffn_norm.weight", (d,))
        add(f"blk.{k}.attn_k.weight", (d * kv_heads // heads, d), Type.Q8_0)
        add(f"blk.{k}.attn_output.weight", (d, d), Type.Q5_0)
        add(f"blk.{k}.attn_q.weight", (d, d), Type.Q4_1 if k == 0 else Type.BF16)
        add(f"blk.{k}.attn_v.weight", (d * kv_heads // heads, d), Type.F32)
    add("output_norm.weight", (d,))
    finish(writer)

    torch.set_num_threads(1)
    read = transformers.AutoModelForCausalLM.from_pretrained(folder, gguf_file=path.name, dtype=torch.float32).eval()
    assert read.config.tie_word_embeddings
    ids = random.integers(3, len(vocabulary), (2, 9)).astype(np.int32)
    with torch.no_grad():
        logits = read(torch.tensor(ids.astype(np.int64))).logits.numpy()
    weights = {name: value.numpy() for name, value in read.state_dict().items() if name != "lm_head.weight"}
    save_file({**weights, "input_ids": ids, "logits": logits}, folder / "llama.safetensors")
    told = {
        "versions": {p.__name__: p.__version__ for p in (safetensors, tokenizers, transformers)}
        | {"gguf": gguf_version(), "torch": torch.__version__, "seed": SEED},
        "texts": [{"text": text, "ids": tokens.encode(text, add_special_tokens=False).ids} for text in TEXTS],
    }
    (folder / "llama.json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")


def sentencepiece(folder: Path) -> None:
    """A BPE of pieces that begin with a space's stand-in, bytes for what they do not have, trained on the license."""
    special = ["<unk>", "<s>", "</s>"]
    spaces = {"replacement": "▁", "prepend_scheme": "first"}
    options = {"unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True}
    made = tokenizers.Tokenizer(tokenizers.models.BPE(**options))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace(split=True, **spaces)
    units = [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=600, special_tokens=[*special, *units], initial_alphabet=list("▁.,"), show_progress=False
    )
    made.train_from_iterator([(ROOT.parent.parent / "LICENSE").read_text()], trainer)
    vocab = json.loads(made.to_str())["model"]["vocab"]
    tokens = sorted(vocab, key=vocab.get)
    first = len(special) + len(units)
    scores = [0.0] * first + [-float(k) for k in range(len(tokens) - first)]
    types = [2, 3, 3] + [6] * len(units) + [1] * (len(tokens) - first)

    writer = gguf.GGUFWriter(folder / "sentencepiece.gguf", "llama")
    writer.add_block_count(1)
    writer.add_context_length(64)
    writer.add_embedding_length(8)
    writer.add_feed_forward_length(8)
    writer.add_head_count(2)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(types)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    finish(writer)

    merges = generate_merges(vocab, dict(zip(tokens[first:], scores[first:])), skip_tokens=tokens[:first])
    read = tokenizers.Tokenizer(tokenizers.models.BPE(vocab=vocab, merges=merges, **options))
    read.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace(split=False, **spaces)
    read.decoder = tokenizers.decoders.Sequence(
        [
            tokenizers.decoders.Replace("▁", " "),
            tokenizers.decoders.ByteFallback(),
            tokenizers.decoders.Fuse(),
            tokenizers.decoders.Strip(" ", 1, 0),
        ]
    )
    read.add_special_tokens(special)
    texts = [*TEXTS, "<s>[INST] Redistribution of the Work </s>", "License"]
    ids = [read.encode(text, add_special_tokens=False).ids for text in texts]
    told = {
        "versions": {p.__name__: p.__version__ for p in (tokenizers, transformers)} | {"gguf": gguf_version()},
        "texts": [{"text": text, "ids": one, "decoded": read.decode(one)} for text, one in zip(texts, ids)],
    }
    (folder / "sentencepiece.json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")


def gguf_version() -> str:
    from importlib.metadata import version

    return version("gguf")


def finish(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    transformers.utils.logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as aside:
        folder = Path(aside) if options.check else ROOT
        folder.mkdir(exist_ok=True)
        blocks(folder)
        llama(folder)
        sentencepiece(folder)
        differ = [p.name for p in sorted(folder.iterdir()) if p.read_bytes() != (ROOT / p.name).read_bytes()]
        print(", ".join(f"{p.name} {p.stat().st_size / 1000:.0f} kB" for p in sorted(folder.iterdir())))
        if options.check:
            print(f"differ: {differ}" if differ else "identical to the files kept, byte for byte")
            sys.exit(1 if differ else 0)


if __name__ == "__main__":
    main()
