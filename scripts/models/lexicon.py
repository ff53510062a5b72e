"""Prints the words of a jieba dictionary that are Chinese, short and not rare, with their counts.

    lexicon.py DICT.txt

Standard library only.
"""

import sys

FEWEST = 10
"""Rarer words are as often wrong guesses as right ones."""

LONGEST = 6


def main(dictionary):
    with open(dictionary, encoding="utf-8") as lines:
        words = {word: int(count) for word, count, *_ in map(str.split, lines)}
    for word, count in sorted(words.items()):
        if count >= FEWEST and len(word) <= LONGEST and all("\u4e00" <= c <= "\u9fff" for c in word):
            print(word, count)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
