"""Cases of the statistics forms, computed by scipy, statsmodels, rliable and numpy.

    python scripts/reference/statistics.py > test/vectors/statistics.json           the stored selection
    python scripts/reference/statistics.py --seed 7 --each 40 > more.json           as many random cases of each form as asked

Needs numpy, scipy, statsmodels and rliable. Hand-worked cases and refusals stand in HAND and are part of the stored selection.
"""

import argparse
import json
import math
import sys

import numpy as np
from rliable import library, metrics
from scipy import linalg, stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint


def binomial(successes, n, confidence):
    ends = lambda method: list(proportion_confint(successes, n, alpha=1 - confidence, method=method))
    return {"wilson": ends("wilson"), "clopperPearson": ends("beta"), "jeffreys": ends("jeffreys")}


def exact_permutation(a, b, kind):
    statistic = lambda x, y, axis: np.mean(x, axis=axis) - np.mean(y, axis=axis)
    return stats.permutation_test(
        (a, b), statistic, permutation_type=kind, vectorized=True, n_resamples=np.inf, alternative="two-sided"
    ).pvalue


def paired(x, y):
    x, y = np.array(x), np.array(y)
    table = [[np.sum((x == i) & (y == j)) for j in (1, 0)] for i in (1, 0)]
    chi = mcnemar(table, exact=False, correction=False)
    d = x - y
    flips = np.array([1 - 2 * ((i >> np.arange(len(d))) & 1) for i in range(2 ** len(d))])
    sums = flips @ d
    return {
        "mcnemarExactP": mcnemar(table, exact=True).pvalue,
        "mcnemarChi2": chi.statistic,
        "mcnemarChi2P": chi.pvalue,
        "meanDiff": d.mean(),
        "pairedSE": d.std(ddof=1) / math.sqrt(len(d)),
        "signFlipExactP": np.mean(np.abs(sums) >= abs(d.sum()) - 1e-12),
    }


def permutation(a, b):
    out = {"statistic": np.mean(a) - np.mean(b), "independentP": exact_permutation(a, b, "independent")}
    if len(a) == len(b):
        out["pairedP"] = exact_permutation(a, b, "samples")
    return out


def clustered_se(clusters, centre):
    n = sum(len(c) for c in clusters)
    return math.sqrt(sum(sum(s - centre for s in c) ** 2 for c in clusters)) / n


def clustered(clusters):
    flat = np.concatenate([np.array(c, float) for c in clusters])
    se = clustered_se(clusters, flat.mean())
    groups = len(clusters)
    return {
        "accuracy": flat.mean(),
        "clusteredSE": se,
        "clusteredSESmallSample": se * math.sqrt(groups / (groups - 1)),
        "iidSE": flat.std(ddof=1) / math.sqrt(len(flat)),
    }


def clustered_paired(x, y):
    d = [[a - b for a, b in zip(p, q)] for p, q in zip(x, y)]
    centre = np.concatenate(d).mean()
    return {"meanDiff": centre, "clusteredSE": clustered_se(d, centre)}


def multiple(p):
    return {"holm": multipletests(p, method="holm")[1], "bh": multipletests(p, method="fdr_bh")[1]}


def rank(x, y):
    return {
        "spearman": stats.spearmanr(x, y).statistic,
        "kendallTauB": stats.kendalltau(x, y).statistic,
        "pearson": stats.pearsonr(x, y).statistic,
    }


def categorical(p, q):
    middle = (np.array(p) + np.array(q)) / 2
    return {
        "entropy": stats.entropy(p),
        "klPQ": stats.entropy(p, q),
        "js": (stats.entropy(p, middle) + stats.entropy(q, middle)) / 2,
        "tv": np.abs(np.array(p) - np.array(q)).sum() / 2,
    }


def kl(logProbs, refLogProbs):
    d = np.array(refLogProbs) - np.array(logProbs)
    return {"k1": -d, "k2": d**2 / 2, "k3": np.exp(d) - d - 1}


def spectrum(matrix):
    s = np.linalg.svd(np.array(matrix, float), compute_uv=False)
    p = s[s > 0] / s.sum()
    return {
        "singularValues": s,
        "stableRank": (s**2).sum() / s[0] ** 2,
        "effectiveRank": math.exp(-(p * np.log(p)).sum()),
        "participationRatio": (s**2).sum() ** 2 / (s**4).sum(),
    }


def principal_angles(U, W):
    angles = np.sort(linalg.subspace_angles(np.array(U, float), np.array(W, float)))[::-1]
    return {"angles": angles, "overlap": np.mean(np.cos(angles) ** 2)}


def gae(rewards, values, done, gamma, **rest):
    lam, advantages, later = rest["lambda"], [0.0] * len(rewards), 0.0
    for t in reversed(range(len(rewards))):
        on = gamma * (1 - done[t])
        later = rewards[t] + on * values[t + 1] - values[t] + on * lam * later
        advantages[t] = later
    return {"advantages": advantages, "returns": [a + v for a, v in zip(advantages, values)]}


def pass_at_k(n, c, k):
    return {"passAtK": 1.0 if n - c < k else 1 - math.comb(n - c, k) / math.comb(n, k)}


def aggregates(scores):
    x = np.array(scores, float)
    return {
        "mean": metrics.aggregate_mean(x),
        "median": metrics.aggregate_median(x),
        "iqm": metrics.aggregate_iqm(x),
        "og": metrics.aggregate_optimality_gap(x),
    }


def improvement(x, y):
    return {"probability": metrics.probability_of_improvement(np.array(x, float), np.array(y, float))}


def profile(scores, taus):
    x = np.array(scores, float)
    return {
        "runs": [np.mean(x > tau) for tau in taus],
        "tasks": [np.mean(x.mean(axis=0) > tau) for tau in taus],
    }


def iqm_interval(scores):
    _, ends = library.get_interval_estimates(
        {"a": np.array(scores, float)}, lambda x: np.array([metrics.aggregate_iqm(x)]), reps=20000
    )
    low, high = ends["a"][:, 0]
    return {"low": low, "high": high}


def distribution(r, zeros):
    size = int(r.integers(2, 7))
    p = r.dirichlet(np.ones(size))
    if zeros and size > 2:
        p[int(r.integers(size))] = 0
    return list(p / p.sum())


def matrix(r, rows, columns):
    return r.normal(size=(rows, columns)).round(3).tolist()


def draw_categorical(r):
    p = distribution(r, r.random() < 0.3)
    q = r.dirichlet(np.ones(len(p)))
    return {"p": p, "q": list(q)}


def draw_binomial(r):
    n = int(r.choice([1, 2, 5, 8, 30, 100, 240, 1000, 4096]))
    successes = int(r.choice([0, n, r.integers(0, n + 1), min(n, 1)]))
    return {"successes": successes, "n": n, "confidence": float(r.choice([0.8, 0.9, 0.95, 0.99]))}


def draw_paired(r):
    n = int(r.integers(3, 15))
    x, y = r.integers(0, 2, n), r.integers(0, 2, n)
    if (x == y).all():
        x[0] = 1 - x[0]
    return {"x": x.tolist(), "y": y.tolist()}


def draw_permutation(r):
    n, kind = int(r.integers(2, 8)), int(r.integers(3))
    m = n if r.random() < 0.7 else int(r.integers(2, 8))
    draw = lambda k: (r.integers(0, 2, k), r.integers(0, 9, k) / 8, r.normal(size=k).round(4))[kind].tolist()
    return {"a": draw(n), "b": draw(m)}


def draw_clusters(r, sizes):
    return [(r.random(k) < r.beta(0.7, 0.7)).astype(int).tolist() for k in sizes]


def draw_clustered(r):
    sizes = r.integers(1, 9, int(r.integers(2, 12)))
    return {"clusters": draw_clusters(r, sizes)}


def draw_clustered_paired(r):
    sizes = r.integers(1, 9, int(r.integers(2, 12)))
    return {"x": draw_clusters(r, sizes), "y": draw_clusters(r, sizes)}


def draw_multiple(r):
    p = r.random(int(r.integers(1, 10))) ** r.choice([1, 3, 6])
    return {"p": np.where(r.random(len(p)) < 0.3, p[0], p).tolist()}


def draw_rank(r):
    n = int(r.integers(2, 12))
    draw = lambda: (r.integers(0, 5, n) if r.random() < 0.5 else r.normal(size=n).round(3)).tolist()
    x, y = draw(), draw()
    x[0], y[0] = max(x) + 1, min(y) - 1
    return {"x": x, "y": y}


def draw_kl(r):
    n = int(r.integers(1, 9))
    log_probs = -r.exponential(1.5, n)
    return {"logProbs": log_probs.tolist(), "refLogProbs": np.minimum(0, log_probs + r.normal(0, 0.7, n)).tolist()}


def draw_spectrum(r):
    m = np.array(matrix(r, int(r.integers(1, 8)), int(r.integers(1, 8))))
    if r.random() < 0.3:
        m[-1] = m[0]
    return {"matrix": m.tolist()}


def draw_angles(r):
    n = int(r.integers(2, 9))
    p, q = int(r.integers(1, n + 1)), int(r.integers(1, n + 1))
    U, W = np.array(matrix(r, n, p)), np.array(matrix(r, n, q))
    if r.random() < 0.3:
        W[:, 0] = U[:, 0]
    return {"U": U.tolist(), "W": W.tolist()}


def draw_gae(r):
    n = int(r.integers(1, 9))
    return {
        "rewards": r.normal(size=n).round(3).tolist(),
        "values": r.normal(size=n + 1).round(3).tolist(),
        "done": (r.random(n) < 0.25).astype(int).tolist(),
        "gamma": float(r.choice([0, 0.9, 0.99, 1])),
        "lambda": float(r.choice([0, 0.5, 0.95, 1])),
    }


def draw_pass(r):
    n = int(r.choice([1, 2, 8, 64, 256, 1024, 4096]))
    return {"n": n, "c": int(r.integers(0, n + 1)) if r.random() < 0.6 else min(n, int(r.integers(0, 4))), "k": int(r.integers(1, n + 1))}


def draw_scores(r, runs=None):
    shape = (runs or int(r.integers(1, 9)), int(r.integers(1, 9)))
    return (r.integers(0, 11, shape) / 10 if r.random() < 0.4 else r.normal(0.7, 0.4, shape).round(3)).tolist()


def draw_improvement(r):
    tasks, kind = int(r.integers(1, 6)), r.random() < 0.5
    draw = lambda: (r.integers(0, 4, (int(r.integers(1, 7)), tasks)) / 3 if kind else r.normal(size=(int(r.integers(1, 7)), tasks))).tolist()
    return {"x": draw(), "y": draw()}


def draw_profile(r):
    scores = draw_scores(r)
    taus = [float(r.choice(np.ravel(scores))), *np.linspace(-0.2, 1.4, int(r.integers(1, 8))).round(2).tolist()]
    return {"scores": scores, "taus": taus}


def draw_iqm(r):
    return {"scores": r.random((int(r.integers(3, 11)), int(r.integers(2, 9)))).round(2).tolist()}


#: form: (reference, drawing of inputs, tolerance where it is not the default, stored random cases)
FORMS = {
    "binomial": (binomial, draw_binomial, None, 14),
    "paired": (paired, draw_paired, None, 8),
    "permutation": (permutation, draw_permutation, None, 10),
    "clustered": (clustered, draw_clustered, None, 6),
    "clustered-paired": (clustered_paired, draw_clustered_paired, None, 5),
    "multiple": (multiple, draw_multiple, None, 7),
    "rank": (rank, draw_rank, None, 8),
    "categorical": (categorical, draw_categorical, None, 7),
    "kl": (kl, draw_kl, None, 3),
    "spectrum": (spectrum, draw_spectrum, 1e-5, 7),
    "principal-angles": (principal_angles, draw_angles, 1e-5, 8),
    "gae": (gae, draw_gae, None, 5),
    "pass-at-k": (pass_at_k, draw_pass, 1e-12, 10),
    "aggregates": (aggregates, draw_scores, None, 8),
    "improvement": (improvement, draw_improvement, None, 6),
    "profile": (profile, draw_profile, None, 5),
    "iqm-interval": (iqm_interval, draw_iqm, 0.0129, 3),
}

ERROR = {"error": True}
#: (form, name, inputs, expected)
HAND = [
    ("binomial", "none of 20: Wilson's high is z^2 / (20 + z^2), Clopper-Pearson's 1 - 0.025^(1/20)", {"successes": 0, "n": 20, "confidence": 0.95}, {"wilson": [0, 1.959963984540054**2 / (20 + 1.959963984540054**2)], "clopperPearson": [0, 1 - 0.025**0.05]}),
    ("binomial", "more successes than trials", {"successes": 3, "n": 2, "confidence": 0.95}, ERROR),
    ("binomial", "no trial", {"successes": 0, "n": 0, "confidence": 0.95}, ERROR),
    ("binomial", "half a success", {"successes": 0.5, "n": 2, "confidence": 0.95}, ERROR),
    ("binomial", "confidence in per cent", {"successes": 1, "n": 2, "confidence": 95}, ERROR),
    ("paired", "1 against 5 discordant: p = 2 (1 + 6) / 64, chi-square = 16 / 6", {"x": [1, 0, 0, 0, 0, 0, 1, 0], "y": [0, 1, 1, 1, 1, 1, 1, 0]}, {"mcnemarExactP": 14 / 64, "mcnemarChi2": 16 / 6, "meanDiff": -0.5, "signFlipExactP": 14 / 64}),
    ("paired", "no discordant pair", {"x": [1, 0, 1], "y": [1, 0, 1]}, {"mcnemarExactP": 1, "mcnemarChi2": "NaN", "mcnemarChi2P": "NaN", "meanDiff": 0, "pairedSE": 0, "signFlipExactP": 1}),
    ("paired", "forty problems, ten against nothing: p = 2 / 1024", {"x": [1] * 10 + [0] * 30, "y": [0] * 40}, {"mcnemarExactP": 2 / 1024, "signFlipExactP": 2 / 1024, "mcnemarChi2": 10, "meanDiff": 0.25}),
    ("paired", "unlike lengths", {"x": [1, 0], "y": [1]}, ERROR),
    ("paired", "a score of one half", {"x": [1, 0.5], "y": [1, 0]}, ERROR),
    ("paired", "a missing problem", {"x": [1, None], "y": [1, 0]}, ERROR),
    ("permutation", "all three above: 2 of C(6, 3) = 20 deals, and 2 of 2^3 swaps", {"a": [4, 5, 6], "b": [1, 2, 3]}, {"statistic": 3, "independentP": 0.1, "pairedP": 0.25}),
    ("permutation", "the same numbers", {"a": [1, 2], "b": [2, 1]}, {"statistic": 0, "independentP": 1, "pairedP": 1}),
    ("permutation", "rounding makes no ties: 0.1 + 0.2 against 0.3 + 0", {"a": [0.1, 0.2], "b": [0.3, 0]}, {"statistic": 0, "independentP": 1, "pairedP": 1}),
    ("permutation", "unlike sizes have no pairs: 2 of C(5, 2) = 10 deals", {"a": [5, 6], "b": [1, 2, 3]}, {"independentP": 0.2}),
    ("permutation", "nothing on one side", {"a": [], "b": [1]}, ERROR),
    ("permutation", "a value that is not a number", {"a": ["NaN", 1], "b": [1, 2]}, ERROR),
    ("clustered", "two problems of two: mean 1/2, sums of residuals 1 and -1: SE = sqrt(2) / 4", {"clusters": [[1, 1], [0, 0]]}, {"accuracy": 0.5, "clusteredSE": math.sqrt(2) / 4, "clusteredSESmallSample": 0.5, "iidSE": math.sqrt(1 / 3 / 4)}),
    ("clustered", "all alike", {"clusters": [[1, 1], [1]]}, {"accuracy": 1, "clusteredSE": 0, "clusteredSESmallSample": 0, "iidSE": 0}),
    ("clustered", "one problem says nothing of others", {"clusters": [[1, 0, 1]]}, ERROR),
    ("clustered", "a problem without samples", {"clusters": [[1], []]}, ERROR),
    ("clustered", "no problem", {"clusters": []}, ERROR),
    ("clustered", "a missing score", {"clusters": [[1, None], [0, 1]]}, ERROR),
    ("clustered-paired", "differences (1, 0) and (0, -1): residual sums 1 and -1", {"x": [[1, 1], [0, 0]], "y": [[0, 1], [0, 1]]}, {"meanDiff": 0, "clusteredSE": math.sqrt(2) / 4}),
    ("clustered-paired", "unlike numbers of samples", {"x": [[1, 1], [0]], "y": [[0, 1], [0, 1]]}, ERROR),
    ("clustered-paired", "unlike numbers of problems", {"x": [[1], [0]], "y": [[0]]}, ERROR),
    ("multiple", "0.01 * 4, 0.03 * 3, then held up: 0.09; BH 0.04, 0.04 * 4 / 3", {"p": [0.01, 0.04, 0.03, 0.5]}, {"holm": [0.04, 0.09, 0.09, 0.5], "bh": [0.04, 0.16 / 3, 0.16 / 3, 0.5]}),
    ("multiple", "never above 1", {"p": [0.9, 0.8, 1, 0]}, {"holm": [1, 1, 1, 0], "bh": [1, 1, 1, 0]}),
    ("multiple", "above 1", {"p": [0.5, 1.1]}, ERROR),
    ("multiple", "not a number", {"p": [0.5, "NaN"]}, ERROR),
    ("rank", "one swap of three neighbours: tau = (2 - 1) / 3, rho = 1 - 6 * 2 / 24", {"x": [1, 2, 3], "y": [1, 3, 2]}, {"spearman": 0.5, "kendallTauB": 1 / 3, "pearson": 0.5}),
    ("rank", "a constant side", {"x": [1, 1, 1], "y": [1, 3, 2]}, {"spearman": "NaN", "kendallTauB": "NaN", "pearson": "NaN"}),
    ("rank", "huge numbers", {"x": [1e200, 2e200, 4e200], "y": [1, 2, 3]}, {"spearman": 1, "kendallTauB": 1, "pearson": 0.9819805060619657}),
    ("rank", "one pair", {"x": [1], "y": [1]}, ERROR),
    ("rank", "unlike lengths", {"x": [1, 2], "y": [1]}, ERROR),
    ("categorical", "certain against fair: log 2; middle (3/4, 1/4)", {"p": [1, 0], "q": [0.5, 0.5]}, {"entropy": 0, "klPQ": math.log(2), "js": (math.log(4 / 3) + 0.5 * math.log(2 / 3) + 0.5 * math.log(2)) / 2, "tv": 0.5}),
    ("categorical", "nothing in common", {"p": [1, 0], "q": [0, 1]}, {"entropy": 0, "klPQ": "Infinity", "js": math.log(2), "tv": 1}),
    ("categorical", "below 0", {"p": [1.5, -0.5], "q": [0.5, 0.5]}, ERROR),
    ("categorical", "sum of 2", {"p": [1, 1], "q": [0.5, 0.5]}, ERROR),
    ("categorical", "unlike sizes", {"p": [1], "q": [0.5, 0.5]}, ERROR),
    ("kl", "d = -log 2 and 0: k3 = 1/2 + log 2 - 1", {"logProbs": [math.log(0.5), -1], "refLogProbs": [math.log(0.25), -1]}, {"k1": [math.log(2), 0], "k2": [math.log(2) ** 2 / 2, 0], "k3": [math.log(2) - 0.5, 0]}),
    ("kl", "unlike lengths", {"logProbs": [-1], "refLogProbs": [-1, -2]}, ERROR),
    ("kl", "probability 0", {"logProbs": [-1], "refLogProbs": ["-Infinity"]}, ERROR),
    ("spectrum", "3 and 4 on the diagonal: stable 25 / 16, participation 625 / 337", {"matrix": [[3, 0], [0, 4]]}, {"singularValues": [4, 3], "stableRank": 25 / 16, "participationRatio": 625 / 337}),
    ("spectrum", "rank one", {"matrix": [[1, 2], [2, 4]]}, {"singularValues": [5, 0], "stableRank": 1, "effectiveRank": 1, "participationRatio": 1}),
    ("spectrum", "all zero", {"matrix": [[0, 0]]}, ERROR),
    ("spectrum", "ragged", {"matrix": [[1, 2], [3], [4, 5, 6]]}, ERROR),
    ("principal-angles", "30 degrees", {"U": [[1], [0]], "W": [[math.cos(math.pi / 6)], [0.5]]}, {"angles": [math.pi / 6], "overlap": 0.75}),
    ("principal-angles", "orthogonal, and the same", {"U": [[1, 0], [0, 1], [0, 0]], "W": [[2, 0], [0, 0], [0, -3]]}, {"angles": [math.pi / 2, 0], "overlap": 0.5}),
    ("principal-angles", "an angle of 1e-7 is kept", {"U": [[1], [0]], "W": [[1], [1e-7]]}, {"angles": [1e-7], "overlap": 1}),
    ("principal-angles", "unlike rows", {"U": [[1], [0]], "W": [[1]]}, ERROR),
    ("principal-angles", "no direction", {"U": [[0], [0]], "W": [[1], [0]]}, ERROR),
    ("gae", "one step at a time: r + gamma V' - V", {"rewards": [1, 2], "values": [0.5, 1, 4], "done": [0, 1], "gamma": 0.5, "lambda": 0}, {"advantages": [1 + 0.5 - 0.5, 2 - 1], "returns": [1.5, 2]}),
    ("gae", "Monte Carlo, cut after the first: 1 - 0.5 and 2 + 4 - 1", {"rewards": [1, 2], "values": [0.5, 1, 4], "done": [1, 0], "gamma": 1, "lambda": 1}, {"advantages": [0.5, 5], "returns": [1, 6]}),
    ("gae", "a value is missing", {"rewards": [1, 2], "values": [0.5, 1], "done": [0, 1], "gamma": 1, "lambda": 1}, ERROR),
    ("gae", "gamma above 1", {"rewards": [1], "values": [0, 0], "done": [1], "gamma": 1.5, "lambda": 1}, ERROR),
    ("pass-at-k", "1 - C(7, 2) / C(10, 2) = 1 - 21 / 45", {"n": 10, "c": 3, "k": 2}, {"passAtK": 24 / 45}),
    ("pass-at-k", "fewer wrong samples than k, of thousands", {"n": 4096, "c": 3900, "k": 4000}, {"passAtK": 1}),
    ("pass-at-k", "k above n", {"n": 4, "c": 1, "k": 5}, ERROR),
    ("pass-at-k", "c above n", {"n": 4, "c": 5, "k": 1}, ERROR),
    ("pass-at-k", "k of 0", {"n": 4, "c": 1, "k": 0}, ERROR),
    ("aggregates", "ragged", {"scores": [[1, 2], [1]]}, ERROR),
    ("aggregates", "no run", {"scores": []}, ERROR),
    ("aggregates", "not a number", {"scores": [[1, "NaN"]]}, ERROR),
    ("improvement", "one win, one tie of two: 3/4", {"x": [[1], [2]], "y": [[1]]}, {"probability": 0.75}),
    ("improvement", "unlike tasks", {"x": [[1, 2]], "y": [[1]]}, ERROR),
    ("profile", "a score on tau is not above it", {"scores": [[0.5, 1], [1, 1]], "taus": [0.5, 0.75, 1]}, {"runs": [0.75, 0.75, 0], "tasks": [1, 0.5, 0]}),
    ("iqm-interval", "no spread", {"scores": [[0.5, 0.5], [0.5, 0.5]]}, {"low": 0.5, "high": 0.5}),
    ("iqm-interval", "no run", {"scores": []}, ERROR),
]


def plain(value):
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(v) for v in value]
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    return value


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--each", type=int)
    options = parser.parse_args()
    r = np.random.default_rng(options.seed)
    np.random.seed(options.seed)
    cases = []
    for form, (reference, draw, tolerance, stored) in FORMS.items():
        for name, inputs, expected in [hand[1:] for hand in HAND if hand[0] == form and options.each is None]:
            cases.append({"form": f"statistics/{form}", "name": name, "inputs": inputs, "expected": expected})
        for _ in range(options.each or stored):
            inputs = draw(r)
            inputs = inputs if isinstance(inputs, dict) else {"scores": inputs}
            case = {"form": f"statistics/{form}", "inputs": inputs, "expected": reference(**inputs)}
            cases.append(case if tolerance is None else {**case, "tolerance": tolerance})
    lines = ",\n".join("    " + json.dumps(plain(case)) for case in cases)
    sys.stdout.write(f'{{\n  "slug": "statistics",\n  "cases": [\n{lines}\n  ]\n}}\n')


main()
