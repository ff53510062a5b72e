# RabbitMQ, with an Erlang port mapper of its own. Sourced by scripts/services.
# shellcheck shell=bash disable=SC2153

RABBITMQ_BIN=/usr/lib/rabbitmq/bin # /usr/sbin has wrappers that insist on the system's user and folders

rabbitmq_install() { [ -x $RABBITMQ_BIN/rabbitmq-server ] || install_quietly rabbitmq-server; }

# The node's user is made from default_user at the first start.
rabbitmq_prepare() {
  local home=$SET/rabbitmq
  [ -f "$home/rabbitmq.conf" ] && return
  mkdir -p "$home/conf.d"
  (umask 077 && password >"$home/.erlang.cookie")
  chmod 400 "$home/.erlang.cookie"
  echo '[].' >"$home/enabled_plugins"
  echo '[].' >"$home/advanced.config"
  printf '%s\n' \
    "listeners.tcp.local = 127.0.0.1:$(port rabbitmq)" \
    "default_user = huibao" \
    "default_pass = $(password)" \
    "log.console = true" \
    "log.file = false" \
    >"$home/rabbitmq.conf"
}

# The port mapper is ours to start and to end: the one that Erlang starts by itself would stay behind.
# With RABBITMQ_ALLOW_INPUT the start script becomes the node, so that we have the node's process number;
# -noinput takes the shell away that this would bring.
rabbitmq_launch() {
  local home=$SET/rabbitmq
  local erlang=(HOME="$home" ERL_EPMD_PORT="$(port rabbitmq-epmd)" ERL_EPMD_ADDRESS=127.0.0.1)
  alive epmd || spawn epmd "${erlang[@]}" epmd
  wait_epmd
  spawn rabbitmq "${erlang[@]}" \
    RABBITMQ_NODENAME=huibao@localhost \
    RABBITMQ_DIST_PORT="$(port rabbitmq-dist)" \
    RABBITMQ_MNESIA_BASE="$home/mnesia" \
    RABBITMQ_LOG_BASE="$home/log" \
    RABBITMQ_CONF_ENV_FILE="$home/none" \
    RABBITMQ_CONFIG_FILE="$home/rabbitmq.conf" \
    RABBITMQ_CONFIG_FILES="$home/conf.d" \
    RABBITMQ_ADVANCED_CONFIG_FILE="$home/advanced.config" \
    RABBITMQ_GENERATED_CONFIG_DIR="$home/generated" \
    RABBITMQ_ENABLED_PLUGINS_FILE="$home/enabled_plugins" \
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}' \
    RABBITMQ_ALLOW_INPUT=true \
    $RABBITMQ_BIN/rabbitmq-server -noinput
}

wait_epmd() {
  local end=$((SECONDS + 30))
  until port_open "$(port rabbitmq-epmd)"; do
    alive epmd || fail_with_log epmd "epmd stopped while it was starting"
    [ $SECONDS -lt $end ] || fail_with_log epmd "epmd was not ready after 30 seconds"
    sleep 0.05
  done
}

# Ready is a node that answers the protocol header with a method frame (type 1): it listens last of all.
rabbitmq_ready() (
  exec 2>/dev/null 3<>"/dev/tcp/127.0.0.1/$(port rabbitmq)" || exit 1
  printf 'AMQP\x00\x00\x09\x01' >&3
  IFS= read -r -t 3 -N 1 type <&3 && [ "$type" = $'\x01' ]
)

rabbitmq_ctl() {
  HOME=$SET/rabbitmq ERL_EPMD_PORT=$(port rabbitmq-epmd) \
    $RABBITMQ_BIN/rabbitmqctl --quiet --node huibao@localhost "$@"
}

rabbitmq_stop() {
  end rabbitmq TERM
  end epmd TERM
}

rabbitmq_remove() { rm -rf "$SET/rabbitmq"; }

rabbitmq_env() {
  printf 'export HUIBAO_QUEUE_URL=%q\n' "amqp://huibao:$(password)@127.0.0.1:$(port rabbitmq)/%2f"
}
