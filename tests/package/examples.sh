#!/usr/bin/env bash
# Takes the C++ examples out of README.md and docs/*.md. One with a main function becomes a program PAGE_N_program.cpp,
# the other ones of a page functions of one program PAGE.cpp.
# Usage: examples.sh SOURCE_DIR OUT_DIR
set -euo pipefail
source=$1 work=$2
rm -rf "$work"
mkdir -p "$work"
for page in "$source"/README.md "$source"/docs/*.md; do
    name=$(basename "$page" .md)
    # A C program of a page is PAGE_c_N.c.
    awk -v work="$work" -v name="$name" '
        /^```c$/ { inside = 1; file = work "/" name "_c_" ++programs ".c"; next }
        /^```$/ { if (inside) close(file); inside = 0 }
        inside { print > file }' "$page"
    awk -v work="$work" -v name="$name" '
        /^```cpp$/ { inside = 1; text = ""; main_function = 0; next }
        /^```$/ && inside {
            inside = 0
            if (main_function) { file = work "/" name "_" ++programs "_program.cpp"; printf "%s", text > file; close(file) }
            else body = body "void example" ++examples "() {\n" text "}\n\n"
        }
        inside { text = text $0 "\n"; if (/int main\(/) main_function = 1 }
        END {
            if (!examples) exit
            calls = ""
            for (n = 1; n <= examples; ++n) calls = calls "    example" n "();\n"
            printf "#include <lathe/lathe.h>\n#include <cstdlib>\n#include <iostream>\nusing namespace lathe;\n\n" \
                   "#define expect(c) (void)((c) || (std::cerr << \"expected: \" #c \"\\n\", std::exit(1), false))\n\n" \
                   "%sint main() try {\n%s    std::cout << \"%d examples\\n\";\n} catch (const Error& e) {\n" \
                   "    std::cerr << e.what() << \"\\n\";\n    return 1;\n}\n", body, calls, examples > (work "/" name ".cpp")
        }' "$page"
done
