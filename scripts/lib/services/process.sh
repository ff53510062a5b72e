# Background processes of a set, each with $SET/NAME.pid and $SET/NAME.log. Sourced by scripts/services.
# shellcheck shell=bash disable=SC2153

# spawn NAME COMMAND…: starts it in a session of its own, with a clean environment and none of our open
# files: whoever called this script must not wait for a pipe that a service holds.
spawn() {
  local name=$1 pid
  shift
  (
    cd /
    for fd in "/proc/$BASHPID/fd"/*; do
      fd=${fd##*/}
      if [ "$fd" -gt 2 ]; then eval "exec $fd>&-"; fi
    done
    exec setsid env -i PATH="$PATH" LANG=C.UTF-8 "$@"
  ) </dev/null >>"$SET/$name.log" 2>&1 &
  pid=$!
  echo "$pid $(started "$pid")" >"$SET/$name.pid"
}

# started PID: when the process was started, in clock ticks since boot; nothing if it is no more. Tells a
# process from a later one with the same number. A zombie is no more: some containers never reap them.
started() {
  local stat fields
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  read -ra fields <<<"${stat##*) }" # after the name, which may hold blanks
  [ "${fields[0]}" = Z ] || echo "${fields[19]}"
}

alive() {
  local pid since
  [ -f "$SET/$1.pid" ] || return 1
  read -r pid since <"$SET/$1.pid"
  [ -n "$since" ] && [ "$(started "$pid")" = "$since" ]
}

# The process number, or - if it does not run.
pid_of() { if alive "$1"; then cut -d' ' -f1 "$SET/$1.pid"; else echo -; fi; }

# wait_ready NAME: until NAME_ready says so; fails when the process ends first, or after two minutes.
wait_ready() {
  local end=$((SECONDS + 120))
  until "$1_ready"; do
    alive "$1" || fail_with_log "$1" "$1 stopped while it was starting"
    [ $SECONDS -lt $end ] || fail_with_log "$1" "$1 was not ready after two minutes"
    sleep 0.1
  done
  say "$1 is ready on port $(port "$1")"
}

fail_with_log() {
  printf 'the end of %s:\n' "$SET/$1.log" >&2
  tail -n 25 "$SET/$1.log" | sed 's/^/  /' >&2
  die "$2 (scripts/services down cleans up)"
}

# end NAME SIGNAL: asks it to end, wakes it in case a test has paused it, and insists after 30 seconds.
end() {
  local pid
  if alive "$1"; then
    pid=$(pid_of "$1")
    kill -s "$2" "$pid" 2>/dev/null || true
    kill -s CONT "$pid" 2>/dev/null || true
    wait_end "$1" 30 || { kill -s KILL "$pid" 2>/dev/null || true; wait_end "$1" 30; } \
      || die "$1 (process $pid) does not end"
    # What it has started: a Node that comes from a package is the child of a program that only starts it.
    kill -s KILL -- "-$pid" 2>/dev/null || true
  fi
  rm -f "$SET/$1.pid"
}

wait_end() {
  local end=$((SECONDS + $2))
  while alive "$1"; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.05
  done
}

# install_quietly PACKAGE…: as apt_install, but the packages do not start their own servers.
install_quietly() (
  policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ] && { [ "$(id -u)" = 0 ] || command -v sudo >/dev/null; }; then
    printf '#!/bin/sh\n# Put here by scripts/services for one installation; remove it if you find it.\nexit 101\n' \
      | as_root tee $policy >/dev/null
    trap 'as_root rm -f $policy' EXIT
    as_root chmod 755 $policy
  fi
  apt_install "$@"
)
