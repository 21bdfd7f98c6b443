"""Writes metrics.json: what scikit-learn says of random labels. Run: python make-metrics.py > metrics.json"""

import json
import math
import random
import sys
import warnings

import sklearn
from sklearn import metrics

warnings.simplefilter("ignore")
SEED = 1
SCORES = {"precision": metrics.precision_score, "recall": metrics.recall_score, "f1": metrics.f1_score}
rng = random.Random(SEED)


def number(value):
    return None if math.isnan(value) else float(value)


def labels(n, classes, right):
    actual = [rng.choice(classes) for _ in range(n)]
    return actual, [a if rng.random() < right else rng.choice(classes) for a in actual]


def case(name, actual, predicted, classes=None):
    """`classes`: all classes count, where only those that occur would."""
    every = None if classes is None else list(range(classes))
    scores = []
    averages = ["macro", "micro", "weighted"]
    if classes is None and set(actual) | set(predicted) <= {0, 1}:
        averages.append("binary")
    for score, function in SCORES.items():
        for average in averages:
            for zero in [0.0, 1.0, math.nan]:
                value = function(actual, predicted, labels=every, average=average, zero_division=zero)
                scores.append({"score": score, "average": average, "zeroDivision": number(zero), "value": number(value)})
    size = classes or max(actual + predicted) + 1
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        actual, predicted, labels=list(range(size)), zero_division=0.0
    )
    return {
        "name": name,
        "actual": actual,
        "predicted": predicted,
        "classes": classes,
        "accuracy": metrics.accuracy_score(actual, predicted),
        "confusion": metrics.confusion_matrix(actual, predicted, labels=list(range(size))).tolist(),
        "perClass": [
            {"precision": float(p), "recall": float(r), "f1": float(f), "support": int(s)}
            for p, r, f, s in zip(precision, recall, f1, support)
        ],
        "scores": scores,
    }


cases = [
    case("two classes", *labels(40, [0, 1], 0.7)),
    case("four classes", *labels(60, [0, 1, 2, 3], 0.5)),
    case("a class that does not occur", *labels(30, [0, 1, 3], 0.6)),
    case("a class that does not occur and counts", *labels(30, [0, 1, 3], 0.6), classes=5),
    case("never predicted", [0, 0, 1, 1, 2], [0, 0, 0, 2, 2]),
    case("never actual", [0, 0, 0, 1], [0, 2, 2, 1]),
    case("no positive at all", [0, 0, 0], [0, 0, 0]),
    case("no positive predicted", [0, 1, 1], [0, 0, 0]),
    case("nothing right", [0, 1], [1, 0]),
    case("one example", [1], [1]),
]
versions = {"scikit-learn": sklearn.__version__, "python": sys.version.split()[0], "seed": SEED}
print(json.dumps({"made by": versions, "cases": cases}))
