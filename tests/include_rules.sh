#!/usr/bin/env bash
# Proves that a folder can include the public headers of just those folders that it may know.
# Usage: include_rules.sh COMPILER SOURCE_ROOT FILE, where each line of FILE reads "FOLDER -IDIR...".
set -euo pipefail
compiler=$1 root=$2 dirs_file=$3

declare -A may_include=(
    [ir]="ir"
    [dsl]="ir dsl"
    [schedule]="ir dsl schedule"
    [codegen]="ir codegen llvm"
    [hls]="ir hls"
)
declare -A header=([llvm]=llvm/IR/Module.h)
for folder in ir dsl schedule codegen hls; do
    for file in "$root/$folder/include/lathe/$folder"/*.h; do
        if [[ -e $file ]]; then header[$folder]=lathe/$folder/${file##*/}; fi
    done
done

failures=0
while read -r folder line; do
    read -ra flags <<<"$line"
    for other in "${!header[@]}"; do
        verdict=allowed
        said=$(echo "#include \"${header[$other]}\"" | "$compiler" -std=c++20 -x c++ "${flags[@]}" -M - 2>&1) ||
            verdict=refused
        expected=refused
        if [[ " ${may_include[$folder]} " == *" $other "* ]]; then expected=allowed; fi
        if [[ $verdict != "$expected" ]]; then
            echo "$folder includes ${header[$other]}: $verdict, but should be $expected"
            if [[ $verdict == refused ]]; then echo "$said"; fi
            failures=$((failures + 1))
        fi
    done
done <"$dirs_file"

if grep -rnE '#include "\.\./\.\./' "$root"/{ir,dsl,schedule,codegen,hls} --include='*.h' --include='*.cpp'; then
    echo "an include that leaves its folder by ../.."
    failures=$((failures + 1))
fi
exit $((failures > 0))
