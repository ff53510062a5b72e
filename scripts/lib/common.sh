# Shared by the scripts: messages, packages, toolchain. Source it; it needs bash.
# shellcheck shell=bash

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }
die() { printf '\033[31merror:\033[0m %s\n' "$*" >&2; exit 1; }

# The folder that outlives checkouts: models, samples, tools.
cache_dir() { printf '%s/huibao' "${XDG_CACHE_HOME:-$HOME/.cache}"; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else die "need root for: $*   (run as root, or install sudo)"; fi
}

# apt_install PACKAGE…: installs what is missing; asks nobody and does nothing the second time.
apt_install() {
  local missing=() package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] && return
  command -v apt-get >/dev/null || die "this set-up is for Debian 12; install the equivalents of: ${missing[*]}"
  say "installing packages: ${missing[*]}"
  as_root apt-get update -q >/dev/null || die "apt-get update failed (is the network up?)"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null \
    || die "apt-get could not install: ${missing[*]}"
}

# The version in Cargo.toml's rust-version, or newer.
need_rust() {
  [ -f "$HOME/.cargo/env" ] && . "$HOME/.cargo/env"
  if ! command -v cargo >/dev/null; then
    say "installing the Rust toolchain with rustup"
    apt_install curl ca-certificates
    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal --no-modify-path \
      || die "rustup could not install Rust; install it by hand and run this again"
    . "$HOME/.cargo/env"
  fi
  local have want pinned
  pinned=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
  # The pinned compiler under another name, on a machine that cannot fetch it by its number.
  if command -v rustup >/dev/null && ! rustc --version >/dev/null 2>&1 \
    && [ "$(RUSTUP_TOOLCHAIN=stable rustc --version 2>/dev/null | cut -d' ' -f2)" = "$pinned" ]; then
    export RUSTUP_TOOLCHAIN=stable
  fi
  rustc --version >/dev/null || die "Rust $pinned is pinned in rust-toolchain.toml and cannot be used; rustup's message is above"
  want=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
  have=$(rustc --version | cut -d' ' -f2)
  [ "$(printf '%s\n%s\n' "$want" "$have" | sort -V | head -n1)" = "$want" ] \
    || die "Rust $want or newer is needed, this is $have; run: rustup update stable"
}

# What building takes.
need_build_tools() {
  apt_install build-essential clang libclang-dev cmake pkg-config git curl ca-certificates \
    libavcodec-dev libavfilter-dev libavformat-dev libavutil-dev libswresample-dev libswscale-dev \
    python3 python3-venv
  need_rust
}

# build_huibao [CARGO-FLAG…]: builds the pages and the binary; afterwards target/release/huibao is there.
build_huibao() {
  scripts/build-web
  say "building huibao (several minutes the first time)"
  cargo build --release --locked --workspace "$@" || die "the build failed; the compiler's message is above"
}

# Puts a Node that fits on the PATH of this shell.
need_node() {
  local env
  env=$(scripts/build-web --print-env) || die "there is no Node; the reason is above"
  eval "$env"
}

# need_test_python: an independent judge of our bags, a client of tus and one that asks for everything that the
# description of the interface allows, for the tests.
need_test_python() {
  local venv
  venv=$(cache_dir)/test-venv
  if ! "$venv/bin/python" -c 'import bagit, schemathesis, tusclient' 2>/dev/null; then
    say "installing the BagIt validator, tuspy and schemathesis"
    python3 -m venv "$venv" && "$venv/bin/pip" install -q bagit==1.9.0 tuspy==1.1.0 schemathesis==4.32.5 ||
      die "pip could not install bagit, tuspy and schemathesis"
  fi
  export HUIBAO_TEST_PYTHON=$venv/bin/python
}

# need_cargo_tools: cargo-deny and cargo-machete, built once and kept outside the checkout.
need_cargo_tools() {
  local tools
  tools=$(cache_dir)/tools
  export PATH=$tools/bin:$PATH
  command -v cargo-deny >/dev/null || {
    say "installing cargo-deny (a few minutes, once)"
    cargo install --quiet --locked --debug --root "$tools" cargo-deny@0.20.2 || die "cargo-deny could not be installed"
  }
  command -v cargo-machete >/dev/null || {
    say "installing cargo-machete"
    cargo install --quiet --locked --debug --root "$tools" cargo-machete@0.9.1 || die "cargo-machete could not be installed"
  }
}
