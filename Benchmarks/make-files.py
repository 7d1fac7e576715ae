#!/usr/bin/env python3
"""make-files.py FOLDER COUNT SIZE: files of a size, half of random bytes, half of text, the same in every run."""

import os
import random
import sys

folder, count, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
dice = random.Random(7)
letters = b"abcdefghijklmnopqrstuvwxyz"
words = [bytes(dice.choices(letters, k=dice.randint(2, 10))) for _ in range(4000)]
frequency = [1 / (rank + 1) for rank in range(4000)]
phrases = [b" ".join(dice.choices(words, frequency, k=5)) for _ in range(20000)]
for number in range(count):
    if number % 100 == 0:
        os.makedirs(f"{folder}/{number // 100:03d}", exist_ok=True)
    if number % 2 == 0:
        content = dice.randbytes(size)
    else:
        content = b"\n".join(dice.choices(phrases, k=size // 20))[:size]
    with open(f"{folder}/{number // 100:03d}/{number:05d}", "wb") as file:
        file.write(content)
