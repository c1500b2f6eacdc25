#!/usr/bin/env bash
# Proves that two commands are all that a bare machine needs: clones the repository's last commit into a new minimal
# Debian 12 and runs `./x run gemm` there, then `./x test` in another. Prints the seconds that each took.
# Usage (as root, with debootstrap and git installed): tests/fresh_machine.sh [DIR], with 10 GB free in DIR (/tmp).
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

((EUID == 0)) || { echo "fresh_machine.sh: must be root" >&2; exit 1; }
# All mounts are made in a namespace of our own, so that they end with this script, however it ends.
if [[ ${1:-} != --in-namespace ]]; then exec unshare --mount "$0" --in-namespace "${1:-/tmp}"; fi

work=$(mktemp -d "$2/lathe-fresh.XXXXXX")
trap 'umount --recursive "$work"/*/dev "$work"/*/proc 2>/dev/null || true; rm -rf --one-file-system "$work"' EXIT

# This machine's Debian sources, without third parties' ones.
sources=$(apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian')
mirror=$(awk '$3 == "bookworm" && $4 == "main" { print $2; exit }' <<<"$sources")
[[ $mirror ]] || { echo "fresh_machine.sh: apt has no source for bookworm; is 'apt-get update' due?" >&2; exit 1; }
proxy=$(apt-config shell proxy Acquire::http::Proxy)
if [[ $proxy ]]; then eval "$proxy" && export http_proxy=$proxy; fi
debootstrap --variant=minbase bookworm "$work/base" "$mirror"

# What lets this machine reach the network: sources, proxies, certificates, pip's configuration.
echo "$sources" >"$work/base/etc/apt/sources.list"
for path in /etc/apt/apt.conf.d /etc/apt/auth.conf.d /etc/apt/trusted.gpg.d /etc/resolv.conf /etc/hosts \
    /etc/ssl/certs/ca-certificates.crt /usr/local/share/ca-certificates /etc/pip.conf \
    ~/.config/pip/pip.conf ~/.pip/pip.conf; do
    if [[ -e $path ]]; then
        target=$work/base${path/#"$HOME"//root}
        mkdir -p "${target%/*}"
        cp -rLT "$path" "$target"
    fi
done
mapfile -t environment < <(env | grep -iE '^(pip_[a-z_]*|[a-z_]*_proxy|ssl_cert_[a-z]*|requests_ca_bundle)=')
environment+=(HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8)

# on_fresh_machine NAME ARG...: runs `./x ARG...` in a new copy.
on_fresh_machine() {
    local machine=$work/$1 start
    cp -a "$work/base" "$machine"
    git clone --quiet "$repository" "$machine/lathe"
    mount -t proc proc "$machine/proc"
    mount --rbind /dev "$machine/dev"
    start=$SECONDS
    chroot "$machine" env -i "${environment[@]}" /lathe/x "${@:2}"
    times+=("$((SECONDS - start)) s: ./x ${*:2}")
}
times=()
on_fresh_machine run run gemm
on_fresh_machine test test
printf '%s\n' "== from a bare Debian 12" "${times[@]}"
