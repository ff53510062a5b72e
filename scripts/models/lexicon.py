"""Prints the words of a jieba dictionary that are Chinese, short and not rare, with their counts.

    lexicon.py DICT.txt

Standard library only.
"""

import sys

MIN_COUNT = 10
"""The lowest count: rarer words are wrong corrections as often as right ones."""

MAX_LENGTH = 6


def main(dictionary):
    with open(dictionary, encoding="utf-8") as lines:
        words = {word: int(count) for word, count, *_ in map(str.split, lines)}
    for word, count in sorted(words.items()):
        if count >= MIN_COUNT and len(word) <= MAX_LENGTH and all("\u4e00" <= c <= "\u9fff" for c in word):
            print(word, count)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
