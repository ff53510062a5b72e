"""How far the marks of unsure words can be trusted: which of the wrong words are marked, and whether words of which a
share is said to be right are right in that share.

    marks.py RECOGNISE VAD_MODEL FOLDER OUT MODEL [EARLIER_MODEL]   hears all recordings, with variants, into OUT
    marks.py measure OUT…                                           prints what became of the marks
    marks.py fit FEATURES OUT…                                      prints the weights for speech/sureness.rs

FOLDER is that of speak.py. Variants are made with ffmpeg: by telephone, with echo, in noise, faster. With
an earlier model, its text is given as what was heard before. `fit` needs numpy.
"""

import json
import math
import pathlib
import subprocess
import sys
import tempfile

from measure import essence
from written import spoken

MARKED_BELOW = 0.95
MARKED_AT_MOST = 0.1
MARKED_FOR_ONE_WRONG = 2
"""As in the pages (api/web/src/lib/segments.ts): what is less sure is marked, but no more than this part of a text, or
than so many times what is likely to be wrong."""

VARIANTS = {
    "plain": "anull",
    "telephone": "aresample=8000,highpass=f=300,lowpass=f=3400,aresample=16000",
    "echo": "aecho=0.8:0.7:60|130:0.45|0.3",
    "fast": "atempo=1.25",
    "noise": None,
}
NOISE = "anoisesrc=color=pink:amplitude=0.06:seed=7[n];[0][n]amix=inputs=2:duration=first:normalize=0"

BINS = [0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0001]


def vary(sound, variant, to):
    how = ["-af", VARIANTS[variant]] if VARIANTS[variant] else ["-filter_complex", NOISE]
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", sound, *how, "-ar", "16000", "-ac", "1", to]
    subprocess.run(command, check=True)


def one_form(text):
    """Letters, with what sounds and means the same in one form: no ear tells 他 from 她."""
    return essence(text.translate(str.maketrans({"〇": "零", "两": "二", "他": "她", "它": "她"})))


def right(said, heard):
    """For each letter of what was heard, whether it stands for the same one of what was said (Levenshtein)."""
    rows = [list(range(len(heard) + 1))]
    for i, x in enumerate(said, 1):
        row = [i]
        for j, y in enumerate(heard, 1):
            row.append(min(rows[-1][j] + 1, row[j - 1] + 1, rows[-1][j - 1] + (x != y)))
        rows.append(row)
    found, i, j = [False] * len(heard), len(said), len(heard)
    while i and j:
        if rows[i][j] == rows[i - 1][j - 1] + (said[i - 1] != heard[j - 1]):
            found[j - 1] = said[i - 1] == heard[j - 1]
            i, j = i - 1, j - 1
        elif rows[i][j] == rows[i][j - 1] + 1:
            j -= 1
        else:
            i -= 1
    return found


def read_as(words, at):
    """A word as it is said: a number by what comes after it."""
    after = words[at + 1][:1] if at + 1 < len(words) else ""
    text = spoken(words[at] + after)
    return text[: len(text) - len(after)] if after and not after.isdigit() else spoken(words[at])


def judged(said, lines):
    """Each word's sureness, evidence, and whether it is right."""
    words = [line[0] for line in lines]
    letters = [(letter, at) for at in range(len(words)) for letter in one_form(read_as(words, at))]
    wrong = {at for (_, at), good in zip(letters, right(one_form(said), [c for c, _ in letters])) if not good}
    return [[float(value) for value in line[1:]] + [at not in wrong] for at, line in enumerate(lines)]


def hear(recognise, vad, folder, out, model, earlier=None):
    heard = []
    with tempfile.TemporaryDirectory() as work:
        sound, before = f"{work}/sound.wav", pathlib.Path(work, "earlier.txt")
        for original in sorted(pathlib.Path(folder).glob("*.wav")):
            said = pathlib.Path(folder, f"{original.stem.split('-')[0]}.said.txt").read_text(encoding="utf-8")
            for variant in VARIANTS:
                vary(str(original), variant, sound)
                command = [recognise, "words", model, vad, sound, "1"]
                if earlier:
                    first = [recognise, "huibao", earlier, vad, sound, "1"]
                    before.write_bytes(subprocess.run(first, check=True, capture_output=True).stdout)
                    command.append(str(before))
                printed = subprocess.run(command, check=True, capture_output=True).stdout.decode()
                lines = [line.split("\t") for line in printed.split("\n") if "\t" in line]
                heard.append({"of": f"{original.stem} {variant}", "words": judged(said, lines)})
                print(heard[-1]["of"], flush=True)
    pathlib.Path(out).write_text(json.dumps(heard), encoding="utf-8")


def recordings_of(files):
    """The words of each recording."""
    return [one["words"] for file in files for one in json.loads(pathlib.Path(file).read_text(encoding="utf-8"))]


def is_marked(words):
    """Those of a recording that are marked."""
    sure = sorted(word[0] for word in words)
    expected = sum(1 - one for one in sure) / max(1, len(sure))
    most = max(MARKED_AT_MOST, MARKED_FOR_ONE_WRONG * expected)
    below = min([MARKED_BELOW, *sure[math.ceil(len(sure) * most) :][:1]])
    return [word for word in words if word[0] < below]


def measure(files):
    for file in files:
        recordings = recordings_of([file])
        words = [word for one in recordings for word in one]
        wrong = [word for word in words if not word[-1]]
        marked = [word for one in recordings for word in is_marked(one)]
        caught = sum(not word[-1] for word in marked)
        expected = sum(1 - word[0] for word in words) / len(words)
        print(f"{file}: {len(words)} words, {len(wrong) / len(words):.4f} wrong, {expected:.4f} expected; marked "
              f"{len(marked) / len(words):.3f} of all, {caught / max(1, len(wrong)):.3f} of the wrong")
        print("  said to be right   words   are right")
        for low, high in zip(BINS, BINS[1:]):
            of = [word for word in words if low <= word[0] < high]
            if of:
                share = sum(word[-1] for word in of) / len(of)
                print(f"  {low:5.2f} to {min(high, 1):4.2f}  {len(of):8}   {share:.3f}")


def fit(files, features):
    """Logistic regression by Newton's method, with a little ridge on standardised evidence."""
    import numpy

    words = [word for one in recordings_of(files) for word in one]
    evidence = numpy.array([word[1 : 1 + features] for word in words])
    wrong = numpy.array([not word[-1] for word in words], dtype=float)
    mean, spread = evidence.mean(0), evidence.std(0) + 1e-9
    columns = numpy.c_[numpy.ones(len(words)), (evidence - mean) / spread]
    weights = numpy.zeros(columns.shape[1])
    for _ in range(50):
        likely = 1 / (1 + numpy.exp(-columns @ weights))
        curve = (columns * (likely * (1 - likely) + 1e-9)[:, None]).T @ columns + numpy.eye(len(weights))
        weights += numpy.linalg.solve(curve, columns.T @ (wrong - likely) - weights)
    own = weights[1:] / spread
    print(f"{features}:", ", ".join(f"{value:.3f}" for value in [weights[0] - (own * mean).sum(), *own]))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    if sys.argv[1] == "measure":
        measure(sys.argv[2:])
    elif sys.argv[1] == "fit":
        fit(sys.argv[3:], int(sys.argv[2]))
    else:
        hear(*sys.argv[1:])
