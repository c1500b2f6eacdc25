#!/usr/bin/env bash
# Installs Lathe into an empty folder, then builds and runs a project that finds it there.
# Usage: test.sh COMPILER BUILD_DIR WORK_DIR
set -euo pipefail
compiler=$1 build=$2 work=$3
here=$(cd "$(dirname "$0")" && pwd)

rm -rf "$work"
cmake --install "$build" --prefix "$work/install" >/dev/null
cp -r "$here" "$work/source"
bash "$here/examples.sh" "$here/../.." "$work/examples"
cmake -S "$work/source" -B "$work/build" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" \
    -DCMAKE_PREFIX_PATH="$work/install" -DEXAMPLES="$work/examples"
cmake --build "$work/build"
[[ $("$work/build/user") == "2 arguments" ]]
[[ $("$work/build/jit_user") == "Int(15)" ]]
cmake -S "$work/source/cxx_only" -B "$work/cxx_only" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_PREFIX_PATH="$work/install"
cmake --build "$work/cxx_only"
[[ $("$work/cxx_only/jit_user") == "Int(15)" ]]
[[ $("$work/build/example_language") == "9 examples" ]]
[[ $("$work/build/example_dataflow") == "2 examples" ]]
[[ $("$work/build/example_macros") == "4 examples" ]]
[[ $("$work/build/example_arch") == "1 examples" ]]
[[ $("$work/build/example_memory") == "9 examples" ]]
[[ $("$work/build/example_cycles") == *"54 cycles (estimated)"*"1 examples" ]]
[[ $("$work/build/example_nn_1_program") == "Int(21) 896" ]]
(cd "$work" && "$work/build/example_README_1_program" && [[ -s gemm.a && -s gemm.h ]])
"$work/build/example_generators_1_program" --list >/dev/null

# The installed headers simulate C++ for Vitis HLS.
awk '/^```/ { inside = $0 == "```c++"; next } inside' "$here/../../docs/simulation.md" >"$work/simulated.cpp"
"$compiler" -std=c++14 -Wno-unknown-pragmas -I "$work/install/include/lathe/hls/sim" "$work/simulated.cpp" -o "$work/simulated"
[[ $("$work/simulated") == "10 800"*"deadlock: no process can go on"* ]]

# The generator's own command line: what it says and writes.
generator=$work/build/scale_generator
expect() { # expect STATUS TEXT ARG...: the program's status, and a part of what it prints
    local status=0 text
    text=$("$generator" "${@:3}" 2>&1) || status=$?
    if [[ $status != "$1" || $text != *"$2"* ]]; then
        echo "scale_generator ${*:3}: status $status, not $1, or no \"$2\" in: $text" >&2
        exit 1
    fi
}
expect 0 "    factor=2 (integer)  what with"
expect 0 "    edge=zero (text: zero, one)  unused" --list
expect 0 "    type=Int(8) (type)" --list
expect 0 "static_library (default), header, object" --help
expect 2 "--nonsense" --nonsense
expect 1 "there is no generator \"melt\": there are scale" melt
expect 1 "the generator scale has no parameter colour: it has factor, type, edge, slow, gain" scale colour=red
expect 1 "\"factor\" sets no parameter: write NAME=VALUE" scale factor
expect 1 "the parameter factor is set twice" scale factor=1 factor=2
expect 1 "the parameter factor is integer, and \"1.5\" is not: write a number of at most 64 bits" scale factor=1.5
expect 1 "the parameter slow is bool, and \"yes\" is not: write true or false" scale slow=yes
expect 1 "the parameter gain is real, and \"much\" is not: write a number" scale gain=much
expect 1 "the parameter edge is one of zero, one, not \"two\"" scale edge=two
expect 1 "\"Complex(2)\" is no type. Types are Bool" scale "type=Complex(2)"
expect 1 "there is no output \"paper\": there are static_library, header" scale -e paper
expect 1 "there is no target \"z80\"" scale --target z80
expect 1 "object is for one target, and 2 are named" scale -e object --target x86-64-linux,x86-64-linux-avx2
expect 1 "cannot make the folder \"/proc/nowhere\"" scale -o /proc/nowhere
expect 1 "\"N\" binds no size: write NAME=NUMBER" scale --bind N
expect 1 "there is no size K to bind: there are N" scale --bind K=3
expect 1 "the test bench needs a value of the parameter N" scale -o "$work/all" -e vitis
expect 0 "" -e vitis --bind N=20 -o "$work/all" scale factor=7
# The C program of the documentation, linked by hand.
expect 0 "" scale factor=3 slow=true -o "$work/plain"
for example in "$work"/examples/generators_c_*.c; do
    if ! grep -q 'int main' "$example"; then continue; fi
    cc -std=c99 -Wall -Wextra -Werror -I "$work/plain" "$example" "$work/plain/scale.a" \
        "$work"/install/lib*/liblathe_runtime.a -lpthread -ldl -lm -o "$work/plain/app"
    [[ $("$work/plain/app" | tr '\n' ' ') == "3 6 9 12 15 " ]]
done
[[ -s $work/all/scale_vitis/scale.cpp && -s $work/all/scale_vitis/run_hls.tcl ]]
expect 0 "" scale -o "$work/all" -f tripled factor=3 -e static_library,object,assembly,llvm,ir,loop_tree,trace
for extension in a h o s ll ir.txt tree.txt trace.json; do
    [[ -s $work/all/tripled.$extension ]]
done
