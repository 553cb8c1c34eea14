"""Cases of TRL's losses, made by TRL: test/vectors/peer-losses.json.

    pip install torch trl
    python -P scripts/reference/peer-losses.py > test/vectors/peer-losses.json

(-P: statistics.py beside this file would hide Python's own.) Calls the trainer's own `_compute_loss` in float64 with log-probs in place of a model, and takes the gradient by autograd.
"""

import json
import math
import random
import sys
from types import SimpleNamespace
from unittest.mock import MagicMock

import torch
import trl
from trl import GRPOConfig, GRPOTrainer

torch.set_default_dtype(torch.float64)
DEFAULTS = GRPOConfig(output_dir="unused", use_cpu=True, bf16=False)


def trl_loss(case):
    """Loss and gradient of one case's inputs."""
    log_probs = torch.tensor(case["logProbs"], requires_grad=True)
    mask = torch.tensor(case["mask"], dtype=torch.float64)
    rows, tokens = mask.shape
    args = SimpleNamespace(**vars(DEFAULTS))
    args.delta = case.get("delta")
    args.steps_per_generation = 1
    args.use_bias_correction_kl = False  # on by default since TRL 1.12; a plain k3 before
    trainer = MagicMock()
    trainer.args = args
    trainer.loss_type = case["objective"]
    trainer.importance_sampling_level = case["level"]
    trainer.beta = case["beta"]
    trainer.epsilon_low, trainer.epsilon_high = case["clipLow"], case["clipHigh"]
    trainer.max_completion_length = case["maxCompletionLength"]
    trainer.top_entropy_quantile = 1.0
    trainer.off_policy_mask_threshold = None
    trainer.use_vllm = False
    trainer._entropy_bonus_enabled = False
    trainer.aux_loss_enabled = False
    trainer.current_gradient_accumulation_steps = 1
    trainer.accelerator.num_processes = 1
    trainer.accelerator.reduce = lambda x, reduction: x
    trainer.accelerator.gather = lambda x: x
    trainer.get_gamma_weights = GRPOTrainer.get_gamma_weights
    trainer._get_per_token_logps_and_entropies = lambda *a, **k: (log_probs, torch.zeros_like(mask), None)
    ids = torch.zeros(rows, tokens, dtype=torch.long)
    inputs = {
        "prompt_ids": ids[:, :1],
        "prompt_mask": torch.ones(rows, 1, dtype=torch.long),
        "completion_ids": ids,
        "completion_mask": mask,
        "advantages": torch.tensor(case["advantages"]),
        "num_items_in_batch": mask.sum(),
    }
    for name, key in [("oldLogProbs", "old_per_token_logps"), ("refLogProbs", "ref_per_token_logps")]:
        if name in case:
            inputs[key] = torch.tensor(case[name])
    loss = GRPOTrainer._compute_loss(trainer, MagicMock(training=True), inputs)
    loss.backward()
    return loss.item(), log_probs.grad.tolist()


def numbers(rng, rows, tokens, spread, about=None):
    """Log-probs, alone or `spread` away from others."""
    draw = lambda b, t: -0.05 - 2.5 * rng.random() if about is None else min(-0.001, about[b][t] + spread * rng.gauss(0, 1))
    return [[round(draw(b, t), 6) for t in range(tokens)] for b in range(rows)]


def inputs_of(rng, objective, level, *, beta=0.0, delta=None, on_policy=False, spread=0.3, lengths=(5, 3, 1, 4), **more):
    tokens = max(lengths)
    old = numbers(rng, len(lengths), tokens, 0)
    case = {
        "objective": objective,
        "level": level,
        "logProbs": old if on_policy else numbers(rng, len(lengths), tokens, spread, old),
        "advantages": more.get("advantages") or [round(rng.gauss(0, 1), 4) for _ in lengths],
        "mask": [[1 if t < length else 0 for t in range(tokens)] for length in lengths],
        "beta": beta,
        "clipLow": more.get("clipLow", 0.2),
        "clipHigh": more.get("clipHigh", 3.0 if objective == "cispo" else 0.28),
        "maxCompletionLength": more.get("maxCompletionLength", 8),
    }
    if not on_policy:
        case["oldLogProbs"] = old
    if beta > 0:
        case["refLogProbs"] = numbers(rng, len(lengths), tokens, 0.4, case["logProbs"])
    if delta is not None:
        case["delta"] = delta
    return case


OBJECTIVES = ["grpo", "bnpo", "dr_grpo", "dapo", "cispo", "sapo", "luspo", "vespo"]
SEQUENCE = {"clipLow": 0.05, "clipHigh": 0.06}


def cases(rng):
    for objective in OBJECTIVES:
        narrow = {} if objective == "cispo" else SEQUENCE
        yield "off policy", inputs_of(rng, objective, "token")
        yield "on policy, KL", inputs_of(rng, objective, "token", on_policy=True, beta=0.1, lengths=(3, 2))
        yield "sequence level, a row of no tokens", inputs_of(rng, objective, "sequence", lengths=(4, 0, 2), **narrow)
        yield "sequence level, KL", inputs_of(rng, objective, "sequence", beta=0.02, lengths=(2, 4, 3), **narrow)
        yield "far off policy, KL", inputs_of(rng, objective, "token", spread=2.5, beta=0.01, lengths=(3, 1, 4))
        yield "advantage of 0", inputs_of(rng, objective, "token", lengths=(2, 2), advantages=[0.0, -0.7])
        if objective in ("grpo", "bnpo", "dr_grpo", "dapo", "luspo"):
            yield "two-sided clip", inputs_of(rng, objective, "token", delta=1.5, spread=1.0, lengths=(3, 4))
            yield "two-sided clip, sequence level", inputs_of(rng, objective, "sequence", delta=1.2, spread=0.8, beta=0.03)
    nothing = inputs_of(rng, "grpo", "token", lengths=(2, 2))
    yield "nothing trained", nothing | {"mask": [[0, 0], [0, 0]]}
    yield "two-sided clip below the upper clip", inputs_of(rng, "dapo", "token", delta=1.1, spread=0.8, lengths=(4, 3))
    yield "a limit below 1", inputs_of(rng, "cispo", "token", clipHigh=0.8, lengths=(4, 3))


def rounded(x):
    if isinstance(x, list):
        return [rounded(y) for y in x]
    return x if x == 0 or not math.isfinite(x) else float(f"{x:.10g}")


def main():
    out = []
    for name, case in cases(random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 1)):
        loss, gradient = trl_loss(case)
        title = f"TRL {trl.__version__}: {case['objective']}, {name}"
        expected = {"loss": rounded(loss), "gradLogProbs": rounded(gradient)}
        out.append({"form": "peer-losses/trl", "name": title, "inputs": case, "expected": expected, "tolerance": 1e-6})
    lines = ",\n  ".join(json.dumps(case) for case in out)
    print(f'{{\n "slug": "peer-losses",\n "cases": [\n  {lines}\n ]\n}}')


if __name__ == "__main__":
    main()
