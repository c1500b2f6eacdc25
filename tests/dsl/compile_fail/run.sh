#!/usr/bin/env bash
# Case n of FILE, under CASE == n, stands below a line "//! n: EXPECTED": it must not compile, with a diagnostic that matches
# EXPECTED; "compiles" is for those that must.
# Usage: run.sh COMPILER FILE FLAGS...
set -euo pipefail
compiler=$1 file=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

check() {
    local number=$1 expected said
    expected=$(sed -n "s|^ *//! $number: ||p" "$file")
    if said=$("$compiler" -std=c++20 -fsyntax-only -DCASE="$number" "${@:2}" "$file" 2>&1); then
        [[ $expected == compiles ]] && return 0
        echo "case $number compiles, but should be refused: $expected"
    else
        [[ $expected != compiles && $said =~ $expected ]] && return 0
        echo "case $number: expected '$expected' but got:"
        head -n 20 <<<"$said"
    fi
    touch "$work/failed"
}

count=$(grep -c '^ *//! ' "$file")
for ((n = 1; n <= count; ++n)); do
    check "$n" "$@" &
    if ((n % 2 == 0)); then wait; fi
done
wait
[[ ! -e $work/failed ]]
