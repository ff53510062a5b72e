"""What the written report does to a transcript: nothing written, written as said, written with changes, and another
report.

    written.py RECOGNISE MODEL VAD_MODEL REPORTS FOLDER

REPORTS has the texts and FOLDER what speak.py made of them. For each recording and case: the character error rate and the processor time, and of the places
that are written otherwise than they were said, how many stand in the transcript as they are written and not as they were
said, although they sound otherwise by a syllable ("false"). Needs pypinyin.
"""

import pathlib
import random
import re
import statistics
import subprocess
import sys

from pypinyin import lazy_pinyin

from measure import error_rate, wait_for
from speak import PLACE

DIGITS = "零一二三四五六七八九"
CASES = ["nothing", "as said", "with changes", "another"]
RESAMPLES = 2000


def in_characters(number):
    """A number below ten thousand as it is said."""
    if number < 10:
        return DIGITS[number]
    for unit, name in ((1000, "千"), (100, "百"), (10, "十")):
        if number >= unit:
            first, rest = divmod(number, unit)
            front = "" if unit == 10 and first == 1 else DIGITS[first]
            gap = "零" if rest and rest * 10 < unit else ""
            return front + name + gap + (in_characters(rest) if rest else "")
    return ""


def spoken(text):
    """A text with its numbers as they are said: Huibao writes some in digits."""
    text = re.sub(r"(\d+)%", lambda found: "百分之" + in_characters(int(found[1])), text)
    text = re.sub(r"\d{4}(?=[级年])", lambda found: "".join(DIGITS[int(digit)] for digit in found[0]), text)
    return re.sub(r"\d{1,4}", lambda found: in_characters(int(found[0])), text)


def hear(recognise, model, vad, sound, written):
    command = [recognise, "huibao", model, vad, sound, "1", *([written] if written else [])]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    text = child.stdout.read().decode()
    used = wait_for(child)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)
    return text, used.ru_utime + used.ru_stime


def false_replacements(report, without, transcript):
    """The places that stand as they are written, and did not without the written report."""
    letters = lambda text: "".join(c for c in spoken(text) if c.isalnum())
    found = []
    at = 0
    for place in PLACE.finditer(report):
        before = letters(PLACE.sub(r"\1", report[at:place.start()]))[-3:]
        after = letters(PLACE.sub(r"\1", report[place.end():]))[:3]
        said, written = letters(place[1]), letters(place[2])
        if not written or lazy_pinyin(said) == lazy_pinyin(written):
            continue
        pattern = lambda text: (before[-2:] + text, text + after[:2])
        if any(text in letters(transcript) and text not in letters(without) for text in pattern(written)):
            found.append(f"{said}→{written}")
    return found


def interval(values):
    """95 % of the means of samples drawn again (bootstrap)."""
    draw = random.Random(0)
    means = sorted(statistics.mean(draw.choices(values, k=len(values))) for _ in range(RESAMPLES))
    return means[RESAMPLES // 40], means[-RESAMPLES // 40]


def main(recognise, model, vad, reports, folder):
    folder, reports = pathlib.Path(folder), sorted(pathlib.Path(reports).glob("*.txt"))
    rates, seconds, false = ({case: [] for case in CASES} for _ in range(3))
    for index, report in enumerate(reports):
        text = report.read_text(encoding="utf-8").strip()
        said = (folder / f"{report.stem}.said.txt")
        other = folder / f"{reports[(index + 1) % len(reports)].stem}.said.txt"
        written = dict(zip(CASES, [None, said, folder / f"{report.stem}.written.txt", other]))
        for sound in sorted(folder.glob(f"{report.stem}-*.wav")):
            without = ""
            for case in CASES:
                heard, used = hear(recognise, model, vad, sound, written[case])
                without = without or heard
                rates[case].append(error_rate(said.read_text(encoding="utf-8"), spoken(heard)))
                seconds[case].append(used)
                if case in CASES[2:]:
                    places = text if case == "with changes" else other.read_text(encoding="utf-8")
                    false[case] += false_replacements(places, without, heard)
            print(f"{sound.stem:20}", *(f"{rates[case][-1]:.3f}" for case in CASES), flush=True)
    print(f"\n{'written report':16} error rate (95 %)        CPU s   false")
    for case in CASES:
        low, high = interval(rates[case])
        print(f"{case:16} {statistics.mean(rates[case]):.4f} ({low:.4f} to {high:.4f})  {sum(seconds[case]):6.1f}  "
              f"{len(false[case])} {' '.join(false[case])}")


if __name__ == "__main__":
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    main(*sys.argv[1:])
