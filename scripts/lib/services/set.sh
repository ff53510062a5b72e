# One set of services: its folder, its ports, its password. Sourced by scripts/services.
# shellcheck shell=bash

SET=$(realpath -m "${HUIBAO_SERVICES_DIR:-${XDG_STATE_HOME:-$HOME/.local/state}/huibao/services}")

# Ports are consecutive from the one in $SET/base-port. They are taken from below the range that the
# kernel uses for outgoing connections, so that a stopped service finds its port free again.
PORTS=(postgres rabbitmq rabbitmq-dist rabbitmq-epmd
  s3 s3-grpc s3-filer s3-filer-grpc s3-master s3-master-grpc s3-volume s3-volume-grpc
  oidc cas smtp)

set_exists() { [ -f "$SET/password" ]; }

need_set() { set_exists || die "there are no services in $SET; run: scripts/services up"; }

# Verbs that change something run one at a time, for all sets beside each other, so that no two of them
# pick the same ports. The lock is on the parent folder: a lock file would have to be left behind.
lock_set() {
  mkdir -p "$(dirname "$SET")"
  exec 9<"$(dirname "$SET")"
  flock -w 600 9 || die "another scripts/services has been at work for ten minutes"
}

# Makes the folder, once. The password is written last and marks the set as complete.
make_set() {
  set_exists && return
  if [ -e "$SET" ] && [ ! -f "$SET/base-port" ] && [ -n "$(ls -A "$SET")" ]; then
    die "$SET holds something else; set HUIBAO_SERVICES_DIR to a new or empty folder"
  fi
  (umask 077 && mkdir -p "$SET")
  chmod 700 "$SET"
  free_ports >"$SET/base-port"
  (umask 077 && od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$SET/password")
}

remove_set() { rm -rf "$SET"; }

password() { cat "$SET/password"; }

# port NAME: the port of that name in this set.
port() {
  local base i
  base=$(<"$SET/base-port")
  for i in "${!PORTS[@]}"; do
    [ "${PORTS[i]}" = "$1" ] && { echo $((base + i)); return; }
  done
  die "there is no port $1"
}

# The first of as many free ports as a set needs.
free_ports() {
  local base i
  for _ in {1..200}; do
    base=$((20000 + RANDOM % 12000))
    for i in "${!PORTS[@]}"; do
      port_taken $((base + i)) && continue 2
    done
    echo "$base"
    return
  done
  die "found no ${#PORTS[@]} free ports in a row between 20000 and 32000"
}

# Somebody listens there, or the S3 server of somebody left its sockets (their names are not ours to choose).
port_taken() { port_open "$1" || compgen -G "/tmp/seaweedfs-*-$1.sock" >/dev/null; }

port_open() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
