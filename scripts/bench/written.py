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
from speak import PLACE, said

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


def letters(text):
    return "".join(c for c in spoken(text) if c.isalnum())


def differing(said, written):
    """What is written otherwise, without what both have in front and behind."""
    while said and written and said[0] == written[0]:
        said, written = said[1:], written[1:]
    while said and written and said[-1] == written[-1]:
        said, written = said[:-1], written[:-1]
    return said, written


def false_replacements(report, without, transcript):
    """The places that stand in the transcript as they are written, and did not without the written report, of those
    that sound otherwise by a syllable."""
    without, transcript = letters(without), letters(transcript)
    found = []
    for place in PLACE.finditer(report):
        before = letters(said(report[: place.start()]))[-2:]
        after = letters(said(report[place.end():]))[:2]
        spoken_there, written_there = letters(place[1]), letters(place[2])
        core = differing(spoken_there, written_there)[1]
        if not core or lazy_pinyin(spoken_there) == lazy_pinyin(written_there):
            continue
        stands = (before + written_there, written_there + after)
        is_new = any(text in transcript and text not in without for text in stands)
        if is_new and transcript.count(core) > without.count(core):
            found.append(f"{spoken_there}→{written_there}")
    return found


def interval(values):
    """95 % of the means of samples drawn again (bootstrap)."""
    draw = random.Random(0)
    means = sorted(statistics.mean(draw.choices(values, k=len(values))) for _ in range(RESAMPLES))
    return means[RESAMPLES // 40], means[-RESAMPLES // 40]


def main(recognise, model, vad, reports, folder):
    folder, reports = pathlib.Path(folder), sorted(pathlib.Path(reports).glob("*.txt"))
    rates, seconds, false = ({case: [] for case in CASES} for _ in range(3))
    voices = []
    for index, report in enumerate(reports):
        text = report.read_text(encoding="utf-8").strip()
        as_said = folder / f"{report.stem}.said.txt"
        other = folder / f"{reports[(index + 1) % len(reports)].stem}.said.txt"
        written = dict(zip(CASES, [None, as_said, folder / f"{report.stem}.written.txt", other]))
        for sound in sorted(folder.glob(f"{report.stem}-*.wav")):
            without = ""
            voices.append(sound.stem.split("-", 1)[1])
            for case in CASES:
                heard, used = hear(recognise, model, vad, sound, written[case])
                without = without or heard
                rates[case].append(error_rate(as_said.read_text(encoding="utf-8"), spoken(heard)))
                seconds[case].append(used)
                if case == "with changes":
                    false[case] += false_replacements(text, without, heard)
                elif case == "another":
                    false[case] += ["changed"] if heard != without else []
            print(f"{sound.stem:20}", *(f"{rates[case][-1]:.3f}" for case in CASES), flush=True)
    print("\nmeans of each voice, the cases as below")
    for voice in sorted(set(voices)):
        mine = [index for index, of in enumerate(voices) if of == voice]
        print(f"{voice:20}", *(f"{statistics.mean(rates[case][index] for index in mine):.3f}" for case in CASES))
    print(f"\n{'written report':16} error rate (95 %)        CPU s   false")
    for case in CASES:
        low, high = interval(rates[case])
        print(f"{case:16} {statistics.mean(rates[case]):.4f} ({low:.4f} to {high:.4f})  {sum(seconds[case]):6.1f}  "
              f"{len(false[case])} {' '.join(false[case])}")


if __name__ == "__main__":
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    main(*sys.argv[1:])
