"""Trains the base model's tokenizer, a byte-level BPE of 2048 tokens, on the training split of the speeches.

    node models/sotu-3m/corpus.mjs && .venv/bin/python models/sotu-3m/make-tokenizer.py

Writes `tokenizer.json` and `tokenizer_config.json` beside this file, and checks them on both corpora: what is encoded
decodes to itself, and `transformers` gives the same ids. The ids go to `.cache/`, where `check-tokenizer.mjs` compares
them with those of the JavaScript tokenizer. Training is deterministic: the same corpus gives the same bytes.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer

HERE = Path(__file__).parent
CACHE = HERE / ".cache"
VOCABULARY = 2048
BOS, EOS, PAD = SPECIAL = ["<|bos|>", "<|eos|>", "<|pad|>"]
CONFIG = {
    "tokenizer_class": "PreTrainedTokenizerFast",
    "bos_token": BOS,
    "eos_token": EOS,
    "pad_token": PAD,
    "padding_side": "right",
    "model_max_length": 256,
    "clean_up_tokenization_spaces": False,
    "model_input_names": ["input_ids", "attention_mask"],
}


def texts(name: str, part: str) -> list[str]:
    lines = (CACHE / name / f"{part}.jsonl").read_text(encoding="utf-8").split("\n")
    return [json.loads(line)["text"] for line in lines if line]


def train() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=SPECIAL,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts("sotu", "train"), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A", pair=f"{BOS} $A {BOS} $B:1", special_tokens=[(BOS, tokenizer.token_to_id(BOS))]
    )
    return tokenizer


def check(tokenizer: Tokenizer) -> None:
    loaded = AutoTokenizer.from_pretrained(HERE, local_files_only=True)
    specials = (loaded.bos_token_id, loaded.eos_token_id, loaded.pad_token_id, len(loaded))
    if specials != (0, 1, 2, VOCABULARY):
        raise AssertionError(f"bos, eos, pad and the size are {specials}")
    for name in ("sotu", "moby-dick"):
        for part in ("train", "valid"):
            given = texts(name, part)
            start = time.perf_counter()
            ids = [encoding.ids for encoding in tokenizer.encode_batch(given)]
            seconds = time.perf_counter() - start
            for text, row in zip(given, ids, strict=True):
                if tokenizer.decode(row) != text:
                    raise AssertionError(f"{name} {part}: a text does not survive: {text[:60]!r}")
                if loaded(text, truncation=False, verbose=False)["input_ids"] != row:
                    raise AssertionError(f"{name} {part}: transformers gives other ids for {text[:60]!r}")
            (CACHE / name / f"{part}.ids.bin").write_bytes(np.array(sum(ids, []), dtype="<u2").tobytes())
            tokens, characters = sum(map(len, ids)), sum(map(len, given))
            print(
                f"{name} {part}: {len(given)} texts, {characters:,} characters, {tokens:,} tokens,"
                f" {characters / tokens:.3f} characters a token, {tokens / seconds:,.0f} tokens/s"
            )


def main() -> None:
    tokenizer = train()
    tokenizer.save(str(HERE / "tokenizer.json"))
    (HERE / "tokenizer_config.json").write_text(json.dumps(CONFIG, indent=2) + "\n")
    check(tokenizer)


if __name__ == "__main__":
    main()
