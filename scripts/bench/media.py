"""Processor time of a rendition against the plain `ffmpeg` command's, and how alike both are to the source.

    media.py TRANSCODE FOLDER RUNS

TRANSCODE is the example of that name. Clips are made in FOLDER. Each run does both, one after the other, on
the same cores; medians. Standard library only, and the `ffmpeg` tool.
"""

import json
import pathlib
import re
import resource
import statistics
import subprocess
import sys

THREADS = "2"
SECONDS = "5"
# What a phone's camera sees moves and is noisy; this does too.
SCENE = "mandelbrot=s={size}:r={rate}:end_scale=0.01,noise=alls=12:allf=t"
VOICE = "aevalsrc=0.3*sin(600*t)*sin(3*t):s=48000:c={channels}"
H264 = "-c:v libx264 -preset fast -pix_fmt yuv420p"
HEVC = "-c:v libx265 -preset ultrafast -x265-params log-level=error -tag:v hvc1"
HLG = f"{HEVC} -pix_fmt yuv420p10le -color_primaries bt2020 -color_trc arib-std-b67 -colorspace bt2020nc"

# Name, size, pictures per second, channels, encoder.
CLIPS = [
    ("1080p-h264.mp4", "1920x1080", 30, 1, f"{H264} -b:v 16M -c:a aac"),
    ("1080p-hevc.mov", "1920x1080", 30, 1, f"{HEVC} -b:v 8M -c:a aac"),
    ("1080p60.mp4", "1920x1080", 60, 2, f"{H264} -b:v 20M -c:a aac"),
    ("portrait.mp4", "1080x1920", 30, 1, f"{H264} -b:v 16M -c:a aac"),
    ("720p-camera.mp4", "1280x720", 30, 1, f"{H264} -b:v 9M -c:a aac"),
    ("720p-chat.mp4", "1280x720", 30, 1, f"{H264} -b:v 2M -maxrate 3M -bufsize 3M -c:a aac"),
    ("540p-chat.mp4", "960x540", 30, 1, f"{H264} -b:v 1M -maxrate 2M -bufsize 2M -c:a aac"),
    ("720p-pcm.mov", "1280x720", 30, 2, f"{H264} -b:v 2M -maxrate 3M -bufsize 3M -c:a pcm_s16le"),
    ("browser.webm", "1280x720", 30, 1, "-c:v libvpx -deadline realtime -cpu-used 8 -b:v 2M -c:a libopus"),
    ("4k-hlg.mov", "3840x2160", 30, 1, f"{HLG} -b:v 30M -c:a aac"),
]
SMALL = "scale='if(gt(iw,ih),-2,min(720,iw))':'if(gt(iw,ih),min(720,ih),-2)'"
TONE_MAP = ("zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=hable,"
            "zscale=t=bt709:m=bt709:r=tv,format=yuv420p")


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def cpu_of(*command):
    """What a command prints, and its processor time in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def make(folder, name, size, rate, channels, encoder):
    path = folder / name
    layout = "mono" if channels == 1 else "stereo"
    if not path.exists():
        run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", SCENE.format(size=size, rate=rate),
            "-f", "lavfi", "-i", VOICE.format(channels=layout), "-t", SECONDS, *encoder.split(), str(path))
    return path


def plain(clip, output):
    """The command that somebody who knows ffmpeg would write, with our encoder's settings."""
    filters = f"{TONE_MAP},{SMALL}" if "hlg" in clip.name else SMALL
    rate = ["-r", "30"] if "60" in clip.name else []
    _, cpu = cpu_of("ffmpeg", "-v", "error", "-y", "-threads", THREADS, "-i", str(clip), "-vf", filters, *rate,
                    "-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-pix_fmt", "yuv420p",
                    "-threads", THREADS, "-c:a", "aac", "-b:a", "128k", "-movflags", "+faststart", str(output))
    return cpu


def ours(transcode, clip, folder):
    """Processor seconds of transcoding alone: ingest reads the sound and decodes a picture or two."""
    printed, _ = cpu_of(transcode, str(clip), str(folder), THREADS)
    return json.loads(printed)["cpu_seconds"][1]


def likeness(output, clip):
    """SSIM of all planes, against the source in the output's size. Not of what is tone-mapped or slowed."""
    if "hlg" in clip.name or "60" in clip.name:
        return None
    graph = "[1:v][0:v]scale2ref=flags=bicubic[a][b];[b][a]ssim"
    done = subprocess.run(["ffmpeg", "-v", "info", "-i", str(output), "-i", str(clip), "-lavfi", graph, "-f",
                           "null", "-"], check=True, stderr=subprocess.PIPE, text=True)
    return float(re.search(r"All:([0-9.]+)", done.stderr).group(1))


def main(transcode, folder, runs):
    folder = pathlib.Path(folder)
    sums = [0.0, 0.0]
    print("| clip | ffmpeg, CPU s | Huibao, CPU s | ratio | SSIM, ffmpeg | SSIM, Huibao |")
    print("| --- | --- | --- | --- | --- | --- |")
    for clip in CLIPS:
        path = make(folder, *clip)
        theirs, rendition = folder / "plain.mp4", folder / "ours" / "rendition.mp4"
        pairs = [(plain(path, theirs), ours(transcode, path, rendition.parent)) for _ in range(runs)]
        medians = [statistics.median(column) for column in zip(*pairs)]
        sums = [total + one for total, one in zip(sums, medians)]
        alike = [likeness(output, path) for output in (theirs, rendition)]
        shown = ["" if value is None else f"{value:.4f}" for value in alike]
        print(f"| {path.name} | {medians[0]:.1f} | {medians[1]:.1f} | {medians[1] / medians[0]:.2f} | "
              f"{shown[0]} | {shown[1]} |", flush=True)
    print(f"| all | {sums[0]:.1f} | {sums[1]:.1f} | {sums[1] / sums[0]:.2f} | | |")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
