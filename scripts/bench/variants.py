"""Makes other recordings of the same speech, so that nothing is chosen by one sample alone.

    variants.py SOUND.wav FOLDER

SOUND.wav is 16 kHz mono with 16 bits; so is what is made. The same sound gives the same variants.
Needs ffmpeg; standard library only.
"""

import array
import math
import pathlib
import subprocess
import sys
import wave

NOISE_DB = 15
"""How far noise lies below the sound, both as means over the whole of it."""

FILTERS = {
    "slow": "atempo=0.9",
    "fast": "atempo=1.12",
    "phone": "aresample=8000,highpass=f=300,lowpass=f=3400,aresample=16000",
    "deep": "asetrate=14400,aresample=16000,atempo=10/9",
    "echo": "aecho=0.8:0.9:60|140:0.4|0.25",
}
"""Two speeds, a telephone line, a voice a tenth lower at the same speed, and a bare room."""


def ffmpeg(*arguments):
    """One thread, and nothing about the encoder: the same bytes each time."""
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-threads", "1", "-bitexact", *map(str, arguments)], check=True)


def write(target, source, *how):
    ffmpeg("-i", source, *how, "-ac", 1, "-ar", 16000, "-c:a", "pcm_s16le", "-bitexact", target)


def level(path):
    """Mean power in decibels, and length in seconds."""
    with wave.open(str(path)) as file:
        samples = array.array("h", file.readframes(file.getnframes()))
        rate = file.getframerate()
    power = sum(sample * sample for sample in samples) / len(samples)
    return 10 * math.log10(power), len(samples) / rate


def add_noise(target, sound, folder):
    """Pink noise below the sound; its own level is measured, for colours have their own."""
    loud, seconds = level(sound)
    noise = folder / "only-noise.wav"
    ffmpeg("-f", "lavfi", "-i", f"anoisesrc=color=pink:seed=1:amplitude=0.2:sample_rate=16000:duration={seconds}",
           "-c:a", "pcm_s16le", noise)
    gain = loud - NOISE_DB - level(noise)[0]
    mix = f"[1:a]volume={gain}dB[noise];[0:a][noise]amix=duration=first:normalize=0"
    write(target, sound, "-i", noise, "-filter_complex", mix)


def make(sound, folder):
    """The path of each variant by its name; the first is the sound itself."""
    folder = pathlib.Path(folder)
    made = {"plain": pathlib.Path(sound)}
    for name, how in FILTERS.items():
        made[name] = folder / f"{name}.wav"
        write(made[name], sound, "-af", how)
    made["noise"] = folder / "noise.wav"
    add_noise(made["noise"], sound, folder)
    return made


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    print(*make(*sys.argv[1:]).values(), sep="\n")
