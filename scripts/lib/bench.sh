# Shared by the benchmarks that compare engines of recognition. Source it after common.sh; it needs bash.
# shellcheck shell=bash

# Builds worker/examples/recognise.rs, as Huibao is and with whisper.cpp built for this very machine, as who
# measures that would build it. Sets `recognise` and `native`.
build_recognise() {
  say "building what it is compared with"
  cargo build --release --locked --workspace --examples
  GGML_NATIVE=ON cargo build --release --locked -p huibao-worker --example recognise --target-dir target/native
  recognise=target/release/examples/recognise
  native=target/native/release/examples/recognise
}

# need_bench_python PACKAGE…: sets `python` to one that has them, and what judges texts.
need_bench_python() {
  local venv
  venv=$(cache_dir)/bench-venv
  [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet opencc-python-reimplemented==0.1.7 "$@" || die "pip could not install: $*"
  python=$venv/bin/python
}

# sound_of VIDEO: sets `sound` to a file of its sound that goes with the script.
sound_of() {
  sound=$(mktemp --suffix=.wav)
  trap 'rm -f "$sound"' EXIT
  ffmpeg -v error -y -i "$1" -ac 1 -ar 16000 "$sound"
}
