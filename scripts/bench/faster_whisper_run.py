"""Recognises a file of sound with faster-whisper and prints the text.

    faster_whisper_run.py MODEL_FOLDER SOUND.wav THREADS BEAM
"""

import sys

from faster_whisper import WhisperModel


def main(model, sound, threads, beam):
    engine = WhisperModel(model, device="cpu", compute_type="int8", cpu_threads=int(threads))
    segments, _ = engine.transcribe(sound, language="zh", beam_size=int(beam), vad_filter=True)
    print("".join(segment.text for segment in segments))


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
