"""How good a transcript is: character error rate, and speech without text; and what a process used.

    measure.py REFERENCE.txt TRANSCRIPT.json

TRANSCRIPT.json is the one in an archive bag. Standard library only.
"""

import json
import os
import sys
import unicodedata


def wait_for(process):
    """What a `subprocess.Popen` used until its end, as `resource.getrusage` tells it: of this child alone,
    while that tells the largest memory of all children so far. Sets the exit code."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage


def essence(text):
    """Letters and digits after NFKC, in lower case: what an error rate counts."""
    return [c for c in unicodedata.normalize("NFKC", text).lower() if c.isalnum()]


def edit_distance(a, b):
    """Levenshtein's distance, a row at a time."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


def error_rate(reference, hypothesis):
    reference, hypothesis = essence(reference), essence(hypothesis)
    return edit_distance(reference, hypothesis) / len(reference)


def uncovered(transcript, least_ms=2000):
    """Regions of at least `least_ms` in which the detector heard speech and no text stands."""
    texts = [s for s in transcript["segments"] if s["text"]]
    def has_text(region):
        return any(s["start_ms"] < region["end_ms"] and s["end_ms"] > region["start_ms"] for s in texts)
    long = [r for r in transcript["speech"] if r["end_ms"] - r["start_ms"] >= least_ms]
    return [r for r in long if not has_text(r)]


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        said = file.read()
    with open(sys.argv[2], encoding="utf-8") as file:
        heard = json.load(file)
    text = "".join(s["text"] for s in heard["segments"])
    print(f"CER {error_rate(said, text):.3f}  uncovered regions {len(uncovered(heard))}")
