"""Prefix tuning, prompt tuning, P-tuning and multitask prompt tuning."""

from __future__ import annotations

from functools import partial

from .case import SMALL_LLAMA, Case

prefix = partial(Case, peft_type="PREFIX_TUNING")
prompt = partial(Case, peft_type="PROMPT_TUNING")
p_tuning = partial(Case, peft_type="P_TUNING", forward_only=True)
multitask = partial(Case, peft_type="MULTITASK_PROMPT_TUNING", task_ids=(2, 0, 1))
BERT = {"arch": "bert", "task": "SEQ_CLS"}
LSTM = {"num_virtual_tokens": 4, "encoder_hidden_size": 6, "encoder_reparameterization_type": "LSTM"}
TASKS = {"num_virtual_tokens": 4, "num_tasks": 3, "num_ranks": 2}
TASK_SIZES = {"prefix_task": 0.8}

CASES = [
    prefix("prefix", 401, {"num_virtual_tokens": 4}, SMALL_LLAMA),
    prefix("gpt2-prefix", 402, {"num_virtual_tokens": 3}, arch="gpt2"),
    prefix("bert-prefix-seq-cls", 403, {"num_virtual_tokens": 3}, **BERT),
    prefix(
        "prefix-projection",
        404,
        {"num_virtual_tokens": 4, "prefix_projection": True, "encoder_hidden_size": 12},
        SMALL_LLAMA,
        forward_only=True,
    ),
    prompt("prompt", 405, {"num_virtual_tokens": 4}, SMALL_LLAMA),
    prompt("prompt-vocabulary", 406, {"num_virtual_tokens": 5, "prompt_tuning_init": "SAMPLE_VOCAB"}, SMALL_LLAMA),
    prompt("gpt2-prompt", 407, {"num_virtual_tokens": 4}, arch="gpt2"),
    prompt("bert-prompt-seq-cls", 408, {"num_virtual_tokens": 3}, **BERT),
    p_tuning("p-tuning", 409, {"num_virtual_tokens": 4, "encoder_hidden_size": 12}, SMALL_LLAMA),
    p_tuning("p-tuning-lstm", 410, LSTM, SMALL_LLAMA),
    p_tuning("gpt2-p-tuning-lstm", 411, {**LSTM, "encoder_num_layers": 1}, arch="gpt2"),
    p_tuning("bert-p-tuning-seq-cls", 412, {"num_virtual_tokens": 3, "encoder_hidden_size": 12}, **BERT),
    multitask("multitask-prompt", 413, TASKS, SMALL_LLAMA, spread=TASK_SIZES),
    multitask("gpt2-multitask-prompt", 414, TASKS, arch="gpt2", spread=TASK_SIZES),
]
