#!/usr/bin/env bash
# Installs Lathe into an empty folder, then builds and runs a project that finds it there.
# Usage: test.sh COMPILER BUILD_DIR WORK_DIR
set -euo pipefail
compiler=$1 build=$2 work=$3
here=$(cd "$(dirname "$0")" && pwd)

rm -rf "$work"
cmake --install "$build" --prefix "$work/install" >/dev/null
cmake -S "$here" -B "$work/build" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_PREFIX_PATH="$work/install"
cmake --build "$work/build"
[[ $("$work/build/user") == "Int(15)" ]]
