# What a university has besides: an OpenID provider, a CAS server, a mail server. Sourced by scripts/services.
# shellcheck shell=bash disable=SC2153

CAMPUS=$(cd "$(dirname "${BASH_SOURCE[0]}")/campus" && pwd)
CAS_SERVER=3.1.0 # of the PyPI package django-cas-server
DJANGO=5.2.19
WAITRESS=3.0.2
AIOSMTPD=1.4.6

campus_venv() { echo "$(cache_dir)/campus-cas-$CAS_SERVER-django-$DJANGO-smtp-$AIOSMTPD"; }

campus_python_install() {
  local venv
  venv=$(campus_venv)
  [ -f "$venv/complete" ] && return
  say "installing a CAS server and a mail server from PyPI into $venv"
  command -v python3 >/dev/null || apt_install python3
  python3 -c 'import ensurepip' 2>/dev/null || apt_install python3-venv
  rm -rf "$venv"
  mkdir -p "$(dirname "$venv")"
  python3 -m venv "$venv" || die "python3 could not make a virtual environment in $venv"
  "$venv/bin/pip" install -q --disable-pip-version-check "django-cas-server==$CAS_SERVER" "Django==$DJANGO" \
    "waitress==$WAITRESS" "aiosmtpd==$AIOSMTPD" \
    || die "pip could not install them; is a Python package index reachable?"
  touch "$venv/complete"
}

# A folder of a service of its own, with the set's password for programs that know no environment.
campus_folder() {
  mkdir -p "$SET/$1"
  (umask 077 && password >"$SET/$1/password")
}

campus_answers() { curl -s -m 5 -o /dev/null --noproxy '*' "$1"; }

# Beside a copy of the packages, not in the checkout.
oidc_folder() { echo "$(cache_dir)/campus-oidc-$(sha256sum <"$CAMPUS/package-lock.json" | cut -c1-12)"; }

oidc_install() {
  local folder
  command -v curl >/dev/null || apt_install curl
  (cd "$here/.." && need_node)
  folder=$(oidc_folder)
  [ -f "$folder/complete" ] && return
  say "installing an OpenID provider from npm into $folder"
  rm -rf "$folder"
  mkdir -p "$folder"
  cp "$CAMPUS/package.json" "$CAMPUS/package-lock.json" "$folder"
  (cd "$here/.." && need_node && cd "$folder" && npm ci --silent --no-audit --no-fund) \
    || die "npm could not install oidc-provider; is a package registry reachable?"
  touch "$folder/complete"
}

oidc_prepare() { campus_folder oidc; }

oidc_launch() {
  local folder
  folder=$(oidc_folder)
  # Node looks for packages beside the file.
  cp "$CAMPUS/oidc.mjs" "$folder/oidc.mjs"
  eval "$(cd "$here/.." && scripts/build-web --print-env)"
  spawn oidc node "$folder/oidc.mjs" "$(port oidc)" "$SET/oidc"
}

oidc_ready() { campus_answers "http://127.0.0.1:$(port oidc)/.well-known/openid-configuration"; }
oidc_stop() { end oidc TERM; }
oidc_remove() { rm -rf "$SET/oidc"; }

oidc_env() {
  printf 'export HUIBAO_TEST_OIDC_ISSUER=%q\n' "http://127.0.0.1:$(port oidc)"
  printf 'export HUIBAO_TEST_OIDC_SECRET=%q\n' "$(password)"
}

cas_install() {
  command -v curl >/dev/null || apt_install curl
  campus_python_install
}

cas_prepare() {
  campus_folder cas
  (umask 077 && password >"$SET/cas/secret")
}

cas_launch() { spawn cas "$(campus_venv)/bin/python" "$CAMPUS/cas.py" "$(port cas)" "$SET/cas"; }
cas_ready() { campus_answers "http://127.0.0.1:$(port cas)/cas/login"; }
cas_stop() { end cas TERM; }
cas_remove() { rm -rf "$SET/cas"; }
cas_env() { printf 'export HUIBAO_TEST_CAS_URL=%q\n' "http://127.0.0.1:$(port cas)/cas"; }

smtp_install() { campus_python_install; }

smtp_prepare() {
  campus_folder smtp
  mkdir -p "$SET/smtp/mail"
}

smtp_launch() { spawn smtp "$(campus_venv)/bin/python" "$CAMPUS/smtp.py" "$(port smtp)" "$SET/smtp"; }
smtp_ready() { port_open "$(port smtp)"; }
smtp_stop() { end smtp TERM; }
smtp_remove() { rm -rf "$SET/smtp"; }

smtp_env() {
  printf 'export HUIBAO_TEST_SMTP_URL=%q\n' "smtp://huibao:$(password)@127.0.0.1:$(port smtp)"
  printf 'export HUIBAO_TEST_SMTP_FOLDER=%q\n' "$SET/smtp/mail"
}
