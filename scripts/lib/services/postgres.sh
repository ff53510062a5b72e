# PostgreSQL. Sourced by scripts/services.
# shellcheck shell=bash disable=SC2153

postgres_bin() { find /usr/lib/postgresql -path '*/bin/postgres' 2>/dev/null | sort -V | tail -n1 | xargs -r dirname; }

postgres_install() { [ -n "$(postgres_bin)" ] || install_quietly postgresql; }

# PostgreSQL does not run as root. Root lends it to the user that the package made.
as_postgres() {
  if [ "$(id -u)" = 0 ]; then (cd / && setpriv --reuid=postgres --regid=postgres --clear-groups "$@")
  else (cd / && "$@"); fi
}

# Makes the cluster, once: role huibao (may create databases, nothing else) and database huibao.
postgres_prepare() {
  local home bin
  [ -f "$SET/postgres.prepared" ] && return
  postgres_remove
  home=$(postgres_make_home)
  bin=$(postgres_bin)
  as_postgres "$bin/initdb" -D "$home/data" --username=postgres --pwfile="$home/password" --no-sync \
    --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 >"$SET/postgres.log" 2>&1 \
    || fail_with_log postgres "initdb failed"
  printf '%s\n' \
    "CREATE ROLE huibao LOGIN CREATEDB PASSWORD '$(password)';" \
    "CREATE DATABASE huibao OWNER huibao;" \
    | as_postgres "$bin/postgres" --single -D "$home/data" -c exit_on_error=true postgres >>"$SET/postgres.log" 2>&1 \
    || fail_with_log postgres "the database could not be made"
  touch "$SET/postgres.prepared"
}

# Root's set is in a folder that the user postgres cannot enter, so the cluster lives outside and
# $SET/postgres is a link to it.
postgres_make_home() {
  local home=$SET/postgres
  if [ "$(id -u)" = 0 ]; then
    home=$(mktemp -d /var/tmp/huibao-postgres.XXXXXX)
    ln -s "$home" "$SET/postgres"
  else
    mkdir "$home"
  fi
  (umask 077 && password >"$home/password")
  if [ "$(id -u)" = 0 ]; then chown -R postgres: "$home"; fi
  echo "$home"
}

# No syncs: what this database holds may be lost with the machine, but not with the process. No socket
# file: its path would have to be short, and the port is enough.
postgres_launch() {
  local run=()
  [ "$(id -u)" = 0 ] && run=(setpriv --reuid=postgres --regid=postgres --clear-groups)
  postgres_settle
  spawn postgres "${run[@]}" "$(postgres_bin)/postgres" -D "$(postgres_data)" \
    -c listen_addresses=127.0.0.1 -c port="$(port postgres)" -c unix_socket_directories= \
    -c max_connections=200 -c fsync=off -c dynamic_shared_memory_type=mmap
}

postgres_ready() { "$(postgres_bin)/pg_isready" -q -t 3 -h 127.0.0.1 -p "$(port postgres)"; }

# INT ends the sessions of others; TERM would wait for them.
postgres_stop() {
  end postgres INT
  postgres_settle
}

postgres_data() { readlink -m "$SET/postgres/data"; }

# Where the server was killed, a busy child of it works on in the data folder and must end before another
# server starts; and the lock file keeps that one out for as long as nobody collects the dead process, which
# in some containers is for ever.
postgres_settle() {
  local data orphans end=$((SECONDS + 30))
  data=$(postgres_data)
  while mapfile -t orphans < <(working_in "$data") && [ ${#orphans[@]} -gt 0 ]; do
    [ $SECONDS -lt $end ] || die "processes of a PostgreSQL that was killed do not end: ${orphans[*]}"
    kill -s KILL "${orphans[@]}" 2>/dev/null || true
    sleep 0.05
  done
  rm -f "$data/postmaster.pid"
}

# The numbers of the processes whose working folder this is.
working_in() { find /proc/[0-9]*/cwd -maxdepth 0 -lname "$1" 2>/dev/null | cut -d/ -f3; }

postgres_remove() {
  if [ -L "$SET/postgres" ]; then rm -rf "$(readlink -f "$SET/postgres")"; fi
  rm -rf "$SET/postgres"
}

postgres_env() {
  printf 'export HUIBAO_DATABASE_URL=%q\n' "postgres://huibao:$(password)@127.0.0.1:$(port postgres)/huibao"
}
